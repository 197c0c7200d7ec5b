// npm run compare: runs the same probes over HTTP against this session layer and eleven other session libraries.
// Writes docs/comparison.md and the short table in README.md.
//   npm run compare                       five runs of each probe, about two minutes
//   npm run compare -- --runs 1
//   npm run compare -- --only hono        tests only libraries whose name contains "hono", and writes no file
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { parseArgs } from 'node:util'
import { type Entry, PEERS, THIS_LAYER } from './contestants.ts'
import { control, KNOWN } from './controls.ts'
import { installPeers } from './install-peers.ts'
import { type Finding, PROBES, type ProbeName, runProbe } from './probes.ts'
import { comparisonPage, type Row, shortForm, tableOf, withShortForm } from './report.ts'
import { serve } from './serve.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const ROOT = join(HERE, '..', '..')
const NAMES = Object.keys(PROBES) as ProbeName[]

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '5' }, only: { type: 'string', default: '' } },
})
const runs = Number(values.runs)
const peers = PEERS.filter(({ name }) => name.includes(values.only))

await checkProbes()
const installed = installPeers()
try {
  const layer = await measure(THIS_LAYER, HERE)
  const others: Row[] = []
  for (const peer of peers) others.push(await measure(peer, installed))
  console.log(`\n${tableOf([layer, ...others])}`)
  if (values.only === '') writePages(layer, others)
} finally {
  rmSync(installed, { recursive: true, force: true })
}

/** Runs each probe against a correct server and against a server with the fault that the probe must find. */
async function checkProbes(): Promise<void> {
  for (const name of NAMES) {
    for (const [expected, server] of [
      [KNOWN[name].right, await serve(control())],
      [KNOWN[name].wrong, await serve(control(name))],
    ] as const) {
      const shown = (await runProbe(name, server.url))?.shown
      server.close()
      if (shown !== expected)
        throw new Error(`The probe ${name} shows ${shown}, but must show ${expected} on this server.`)
    }
  }
  console.log('Each probe accepts the correct server and finds the fault of the faulty server.')
}

async function measure(entry: Entry, folder: string): Promise<Row> {
  const worst: Row['findings'] = {}
  for (let run = 1; run <= runs; run++) {
    const findings = await inOwnProcess(join(folder, entry.module), runProbes)
    for (const name of NAMES) worst[name] = worseOf(worst[name], findings[name])
  }
  console.log(`${entry.name}: ${NAMES.map((name) => worst[name]?.shown ?? 'n/a').join(', ')}`)
  return { ...entry, version: versionOf(entry, folder), findings: worst }
}

async function runProbes(url: string): Promise<Row['findings']> {
  // `readableSecret` sends every long text in the store as a session cookie. It runs first, while there are few texts.
  const findings: Row['findings'] = { readableSecret: await runProbe('readableSecret', url) }
  for (const name of NAMES) if (!(name in findings)) findings[name] = await runProbe(name, url)
  return findings
}

/** Runs a contestant in a process of its own, with an empty store. */
async function inOwnProcess<Result>(file: string, run: (url: string) => Promise<Result>): Promise<Result> {
  const server = fork(join(HERE, 'serve-contestant.ts'), [pathToFileURL(file).href], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let stderr = ''
  server.stderr?.on('data', (text) => {
    stderr += text
  })
  const ended = once(server, 'exit')
  try {
    const started = await Promise.race([once(server, 'message'), ended.then(() => undefined)])
    if (!started) throw new Error(`${file} does not start:\n${stderr}`)
    return await run(started[0].url)
  } finally {
    server.kill()
    await ended
  }
}

function worseOf(one: Finding | undefined, other: Finding | undefined): Finding | undefined {
  return one && other && one.badness >= other.badness ? one : other
}

function versionOf({ name }: Entry, folder: string): string {
  if (name === THIS_LAYER.name) return readFileSync(join(ROOT, 'src', 'session', 'VERSION'), 'utf8').trim()
  return JSON.parse(readFileSync(join(folder, 'peers', 'node_modules', name, 'package.json'), 'utf8')).version
}

function writePages(layer: Row, others: readonly Row[]): void {
  const date = new Date().toISOString().slice(0, 10)
  writeFileSync(
    join(ROOT, 'docs', 'comparison.md'),
    comparisonPage({ layer, others, runs, date, node: process.version }),
  )
  const readme = join(ROOT, 'README.md')
  writeFileSync(readme, withShortForm(readFileSync(readme, 'utf8'), shortForm(layer, others)))
  console.log('Wrote docs/comparison.md and README.md.')
}
