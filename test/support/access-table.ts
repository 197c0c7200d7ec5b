import { type AccessRow, ROLES } from './access-matrix.ts'

/** The matrix as it stands in `docs/security.md`. */
export function accessTable(rows: readonly AccessRow[]): string {
  const [pages, api] = [rows.filter((row) => !isOfApi(row)), rows.filter(isOfApi)]
  return [
    '### Pages',
    ...table(pages, 'link', 'by link'),
    '',
    '### REST API',
    ...table(api, 'read-only token', 'read-only'),
    '',
  ].join('\n')
}

/** A cell shows the answer to the usual credential. If the answer to the credential `other` differs, it follows. */
function table(rows: readonly AccessRow[], other: 'link' | 'read-only token', label: string): string[] {
  const usual = other === 'link' ? 'cookie' : 'token'
  const head = ['Request', 'Declared', 'Not signed in', ...ROLES]
  const lines = rows.map(({ method, path, whose, access, nobody, answers }) => [
    `\`${method} ${path}\`${whose === '' ? '' : ` ${whose}`}`,
    access,
    nobody,
    ...ROLES.map((role) => {
      const { [usual]: shown, [other]: differing } = answers[role]
      return shown === differing ? shown : `${shown}; ${label} ${differing}`
    }),
  ])
  return ['', ...[head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`)]
}

/** `/api/docs` is a page. */
export function isOfApi({ path }: Pick<AccessRow, 'path'>): boolean {
  return path.startsWith('/api/') && path !== '/api/docs'
}
