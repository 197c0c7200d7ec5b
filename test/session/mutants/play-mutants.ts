import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { projectRoot } from '../../../src/config/project-root.ts'
import { type Mutant, mutants } from './mutants.ts'
import type { Verdict } from './prove-copy.ts'

// Runs the store contract on each mutant. Prints the mutants that pass, and fails if one of these has no `harmless`.

const LAYER = join(projectRoot(), 'src', 'session')
const CONCURRENT = 2
// A mutant that never returns blocks its thread.
const DEADLINE_MILLISECONDS = 30_000

const REASONS = {
  passes: 'and no reason says why that is harmless.',
  fails: 'so it needs no reason.',
  'does not load': 'so it tests nothing.',
}

const folder = mkdtempSync(join(tmpdir(), 'crm-mutants-'))
const survivors: Mutant[] = []
const problems: string[] = []
try {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  if ((await verdictOn()) !== 'passes') problems.push('The contract fails on the store without a mutant.')
  const waiting = [...mutants]
  await Promise.all(Array.from({ length: CONCURRENT }, () => playAll(waiting)))
} finally {
  rmSync(folder, { recursive: true, force: true })
}

print(`${survivors.length} of ${mutants.length} mutants of the embedded store pass the contract:`)
for (const { file, flaw, harmless } of survivors) print(`  ${file}: ${flaw}. ${harmless ?? 'NO REASON'}`)
for (const problem of problems) print(`✖ ${problem}`)
if (problems.length > 0) process.exitCode = 1

async function playAll(waiting: Mutant[]): Promise<void> {
  for (let mutant = waiting.shift(); mutant; mutant = waiting.shift()) {
    const verdict = await verdictOn(mutant)
    if (verdict === 'passes') survivors.push(mutant)
    if (verdict === 'passes' ? !mutant.harmless : verdict === 'does not load' || mutant.harmless)
      problems.push(`${mutant.file}: ${mutant.flaw}: the mutant ${verdict}, ${REASONS[verdict]}`)
  }
}

async function verdictOn(mutant?: Mutant): Promise<Verdict> {
  const copy = mkdtempSync(join(folder, 'session-'))
  for (const part of ['known-options.ts', 'record.ts', 'store.ts', 'stores/shared', 'stores/memory'])
    cpSync(join(LAYER, part), join(copy, part), { recursive: true })
  if (mutant) {
    const file = join(copy, 'stores', mutant.file)
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace(mutant.from, () => mutant.to),
    )
  }
  return await provenIn(copy)
}

async function provenIn(copy: string): Promise<Verdict> {
  const stores = pathToFileURL(join(copy, 'stores')).href
  const worker = new Worker(new URL('./prove-copy.ts', import.meta.url), { workerData: stores })
  try {
    return await new Promise<Verdict>((resolve) => {
      worker.on('message', resolve)
      worker.on('error', () => resolve('fails'))
      setTimeout(() => resolve('fails'), DEADLINE_MILLISECONDS).unref()
    })
  } finally {
    await worker.terminate()
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`)
}
