interface Entry {
  version: string
  text: string
}

/** The entries that `next` has and `base` has not, in the sections from the version of `base` on. */
export function newEntries(base: string, next: string): { security: Entry[]; others: Entry[] } {
  const [newest] = entriesOf(base)
  const before = new Set(entriesOf(base).map(({ text }) => text))
  const all = entriesOf(next)
  const end = all.findLastIndex(({ version }) => version === newest?.version)
  const added = all.slice(0, end === -1 ? all.length : end + 1).filter(({ text }) => !before.has(text))
  const isSecurity = ({ text }: Entry) => text.startsWith('- **security**')
  return { security: added.filter(isSecurity), others: added.filter((entry) => !isSecurity(entry)) }
}

function entriesOf(changelog: string): Entry[] {
  return changelog
    .split(/^## /m)
    .slice(1)
    .flatMap((section) => {
      const [version = '', ...lines] = section.split('\n')
      return [...lines.join('\n').matchAll(/^- .+(?:\n {2,}.+)*/gm)].map(([text]) => ({
        version,
        text: text.replace(/\n +/g, ' '),
      }))
    })
}
