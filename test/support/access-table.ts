import { type AccessRow, ROLES, type Way } from './access-matrix.ts'

/** The matrix as it stands in `docs/security.md`. */
export function accessTable(rows: readonly AccessRow[]): string {
  const [pages, api] = [rows.filter((row) => !isOfApi(row)), rows.filter(isOfApi)]
  return [
    '### Pages',
    ...table(pages, ['cookie', 'link'], 'by link'),
    '',
    '### REST API',
    ...table(api, ['token', 'read-only token'], 'read-only'),
    '',
  ].join('\n')
}

/**
 * A cell shows the answer to the first of the two credentials. If the answer to the second differs, it follows. Rows of
 * one path with the same answers become one row.
 */
function table(rows: readonly AccessRow[], [usual, other]: [Way, Way], label: string): string[] {
  const head = ['Request', 'Declared', 'Not signed in', ...ROLES]
  const merged = new Map<string, { path: string; methods: Set<string>; whose: Set<string>; cells: string[] }>()
  for (const { method, path, whose, access, nobody, answers } of rows) {
    const cells = ROLES.map((role) => {
      const { [usual]: shown, [other]: differing } = answers[role]
      return shown === differing ? shown : `${shown}; ${label} ${differing}`
    })
    const key = [path, access, nobody, ...cells].join('|')
    const row = merged.get(key) ?? { path, methods: new Set(), whose: new Set(), cells: [access, nobody, ...cells] }
    row.methods.add(method)
    row.whose.add(whose)
    merged.set(key, row)
  }
  const lines = [...merged.values()].map(({ path, methods, whose, cells }) => [
    `\`${[...methods].join(', ')} ${path}\` ${[...whose].join(' or ')}`.trim(),
    ...cells,
  ])
  return ['', ...[head, head.map(() => '---'), ...lines].map((cells) => `| ${cells.join(' | ')} |`)]
}

/** `/api/docs` is a page. */
export function isOfApi({ path }: Pick<AccessRow, 'path'>): boolean {
  return path.startsWith('/api/') && path !== '/api/docs'
}
