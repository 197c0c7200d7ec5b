import type { Entry } from './contestants.ts'
import { KNOWN } from './controls.ts'
import { type Finding, PROBES, type Probe, type ProbeName } from './probes.ts'
import { MILLISECONDS_PER_CALL } from './slow-records.ts'

export interface Row extends Entry {
  version: string
  /** A probe that does not apply to this library has no finding. */
  findings: Partial<Record<ProbeName, Finding | undefined>>
}

export interface Comparison {
  layer: Row
  others: readonly Row[]
  runs: number
  date: string
  node: string
}

const PROBE_LIST = Object.entries(PROBES) as [ProbeName, Probe][]
const IN_README: ProbeName[] = ['keptWrites', 'revivedByWriter', 'signedInAfterRace', 'readableSecret']
const SHORT_FORM = /(?<=<!-- npm run compare -->\n)[\s\S]*?(?=<!-- end of npm run compare -->)/

export function comparisonPage({ layer, others, runs, date, node }: Comparison): string {
  return `# Comparison with other session libraries

\`npm run compare\` installs eleven session libraries for Node into a temporary folder, sends the same requests to this
layer and to each of them, and writes this page. It talks to the servers only over HTTP.

${date}, Node ${node.slice(1)}, ${runs} runs of each probe. The tables show the worst result of all runs.

${shortForm(layer, others)}
## Each library

${tableOf([layer, ...others])}

"n/a": the library has no store, because it keeps the whole session in an encrypted cookie.

## How it is measured

Each library has a small server with four pages: read, write, log in, log out. The servers are in
[bench/compare](../bench/compare). Each server uses its library as the library's documentation shows, with the default
settings or those of the first example. The table [How each library is set up](#how-each-library-is-set-up) names the
exceptions, and each exception is in favour of the library. Each run starts the server again, in a process of its own
and with an empty store. Every call of a store takes ${MILLISECONDS_PER_CALL} ms, like a database on another machine.

A probe is a fixed series of requests. If two requests of a probe must overlap, the page stops until the probe lets it
continue. The requests therefore overlap in the same way for all libraries and in all runs. In an application, a page
stops like this while it asks a database or another server.

${PROBE_LIST.map(([, { title, method }]) => `- **${title}**: ${method}`).join('\n')}

## The probes themselves

Before it measures, \`npm run compare\` runs each probe against two servers without a library. One server is right. The
other has exactly the fault that the probe looks for. If a probe shows another result than this table, the run ends
with an error:

| probe | right server | wrong server |
|---|---|---|
${PROBE_LIST.map(([name, { title }]) => `| ${title} | ${KNOWN[name].right} | ${KNOWN[name].wrong} |`).join('\n')}

\`npm run test:all\` runs the probes against these servers and against this layer, without the other libraries.

## How each library is set up

| library | set up |
|---|---|
${[layer, ...others].map(({ name, setup }) => `| ${name} | ${setup} |`).join('\n')}

## What the figures do not say

- If a library keeps the whole session in the cookie, it has no store that can fail or become slow. It cannot end a
  session before the cookie expires.
- "With the key" means: a copy of the store alone signs no user in. With a copy of the store and the signing or
  encryption key, an attacker can sign in as any user.
- If this layer refuses a write, the page gets an error. If a library loses a write, the page gets no error, and treats
  the write as saved.
`
}

export function tableOf(rows: readonly Row[]): string {
  const titles = PROBE_LIST.map(([, { title }]) => title)
  const cells = ({ findings }: Row) => PROBE_LIST.map(([name]) => findings[name]?.shown ?? 'n/a')
  return [
    `| library | version | ${titles.join(' | ')} |`,
    `|---|---|${titles.map(() => '---|').join('')}`,
    ...rows.map((row) => `| ${row.name} | ${row.version} | ${cells(row).join(' | ')} |`),
  ].join('\n')
}

/** Returns a row for each probe that the README shows. The results of the other libraries are counted. */
export function shortForm(layer: Row, others: readonly Row[]): string {
  const rows = IN_README.map((name) => {
    const shown = others.map(({ findings }) => findings[name]?.shown).filter((text) => text !== undefined)
    return `| ${PROBES[name].title} | ${layer.findings[name]?.shown} | ${countsOf(shown)} |\n`
  })
  return `| | this layer | ${others.length} other libraries |\n|---|---|---|\n${rows.join('')}`
}

/** Puts the short form between the marks in a page. */
export function withShortForm(page: string, text: string): string {
  if (!SHORT_FORM.test(page)) throw new Error('README.md has no marks for the short form of the comparison.')
  return page.replace(SHORT_FORM, () => text)
}

/** Returns a text such as `1 to 5` for numbers, or `yes: 8, no: 3` for words. */
function countsOf(shown: readonly string[]): string {
  const numbers = shown.map(Number)
  const [least, most] = [Math.min(...numbers), Math.max(...numbers)]
  if (!Number.isNaN(least)) return least === most ? `${least}` : `${least} to ${most}`
  const counts = new Map<string, number>()
  for (const text of shown) counts.set(text, (counts.get(text) ?? 0) + 1)
  const mostFirst = [...counts].sort(([, one], [, other]) => other - one)
  return mostFirst.map(([text, count]) => `${text}: ${count}`).join(', ')
}
