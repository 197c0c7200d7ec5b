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

This page compares the session layer of this project ("this layer") with eleven other session libraries for Node. The
command \`npm run compare\` installs the libraries into a temporary folder, runs one server for each library, sends the
same HTTP requests to all servers, and writes this page.

${date}, Node ${node.slice(1)}, ${runs} runs of each probe. The tables show the worst result of all runs.

${shortForm(layer, others)}
## Each library

${tableOf([layer, ...others])}

"n/a" means that the library has no store, because it keeps the whole session in an encrypted cookie.

## How it is measured

Each library has a small server, whose four pages read the session, write to it, log in and log out. The servers are in
[bench/compare](../bench/compare). Each server uses its library as the library's documentation shows, with the default
settings or the settings of the first example. The table [How each library is set up](#how-each-library-is-set-up) names
the exceptions. Each exception is in favour of the library. Each run starts a new server process with an empty store.
Every call of a store has a delay of ${MILLISECONDS_PER_CALL} ms, like a call of a database on another machine.

A probe is a fixed series of requests. If two requests of a probe must overlap, the server stops a request until the
probe releases the request. Requests therefore overlap in the same way for all libraries and in all runs. In an
application, a request stops in the same way while it waits for a database or another server.

${PROBE_LIST.map(([, { title, method }]) => `- **${title}**: ${method}`).join('\n')}

## The probes themselves

Before the measurements, \`npm run compare\` runs each probe against two servers without a library. The right server has
no fault. The wrong server has only the fault that the probe looks for. If a probe does not show the results of this
table, the command ends with an error:

| probe | right server | wrong server |
|---|---|---|
${PROBE_LIST.map(([name, { title }]) => `| ${title} | ${KNOWN[name].right} | ${KNOWN[name].wrong} |`).join('\n')}

\`npm run test:all\` runs the probes against these servers and against this layer, but not against the other libraries.

## How each library is set up

| library | set up |
|---|---|
${[layer, ...others].map(({ name, setup }) => `| ${name} | ${setup} |`).join('\n')}

## What the figures do not say

- A library that keeps the whole session in the cookie has no store that can fail or become slow. Such a library cannot
  end a session before the cookie expires.
- "With the key" means that an attacker needs a copy of the store and the key that signs or encrypts cookies. With both,
  the attacker can sign in as any user who has a session.
- If this layer refuses a write, the page gets an error. If another library loses a write, the page gets no error, and
  treats the write as saved.
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

/** Returns the table of README.md, which counts how many other libraries have each result. */
export function shortForm(layer: Row, others: readonly Row[]): string {
  const rows = IN_README.map((name) => {
    const shown = others.map(({ findings }) => findings[name]?.shown).filter((text) => text !== undefined)
    return `| ${PROBES[name].title} | ${layer.findings[name]?.shown} | ${countsOf(shown)} |\n`
  })
  return `| | this layer | ${others.length} other libraries |\n|---|---|---|\n${rows.join('')}`
}

/** Replaces the text between the two marks in `page` with `text`. */
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
