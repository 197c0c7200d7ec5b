import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { exitCode, GateError, root, testEnvironment } from './run-program.mjs'
import { ofSecondPass } from './second-pass.mjs'
import { groupTests } from './test-groups.mjs'

// More would only make servers, workers and races wait for one another on a small machine.
const PROCESSES_AT_ONCE = 2
const PROCESS_MINUTES = 6

/** Runs every compiled test file (or those whose path contains one of `filter`) and answers how many tests passed. */
export async function runUnitTests(filter, { processMinutes = PROCESS_MINUTES } = {}) {
  const files = testFiles('.test.ts').filter((file) => matches(file, filter))
  if (files.length === 0) {
    if (filter.length > 0) return 0
    throw new GateError('There is no test file under test/.')
  }
  const { crmTemplateFiles } = await import('../../dist/test/support/crm-templates.js')
  return runOnCopies(await crmTemplateFiles(), files, {}, 'Unit and integration tests', processMinutes)
}

/** Runs what is about the CRM once more, with its data in PostgreSQL, and answers how many tests passed. */
export async function runUnitTestsOnPostgres(filter) {
  const files = ofSecondPass(testFiles('.test.ts')).filter((file) => matches(file, filter))
  if (files.length === 0) return 0
  const { crmTemplatesOnPostgres } = await import('../../dist/test/support/crm-templates.js')
  const env = { TEST_CRM_DATABASE: 'postgres' }
  return runOnCopies(await crmTemplatesOnPostgres(), files, env, 'Tests of the CRM on PostgreSQL')
}

/** Runs files whose tests copy their databases from these. */
async function runOnCopies({ env, drop }, files, more, title, processMinutes) {
  try {
    return await runFiles(files, { ...testEnvironment(), ...env, ...more }, title, processMinutes)
  } finally {
    await drop()
  }
}

async function runFiles(files, env, title, processMinutes = PROCESS_MINUTES) {
  const { programs, watched } = groupTests(files)
  const { code, findings } = await runNodeTest(programs, env, processMinutes)
  const seen = new Set(findings.map(({ file }) => file && relative(root, file)))
  const empty = watched.filter((file) => !seen.has(file)).map((name) => ({ kind: 'empty-file', name }))
  complain([...findings, ...empty], code, title)
  return findings.filter(({ kind }) => kind === 'passed').length
}

/** The test sources below test/ with this ending, relative to the project's root. */
export function testFiles(ending) {
  return readdirSync(join(root, 'test'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)))
    .sort()
}

export function matches(file, filter) {
  return filter.length === 0 || filter.some((part) => file.split(sep).join('/').includes(part))
}

async function runNodeTest(programs, env, processMinutes) {
  const folder = mkdtempSync(join(tmpdir(), 'gate-'))
  const report = join(folder, 'findings.ndjson')
  const args = [
    '--test',
    '--enable-source-maps',
    '--import',
    './test/support/no-console-error.mjs',
    `--test-concurrency=${PROCESSES_AT_ONCE}`,
    `--test-timeout=${processMinutes * 60_000}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./test/support/gate-reporter.mjs',
    `--test-reporter-destination=${report}`,
    ...programs,
  ]
  try {
    const code = await exitCode(process.execPath, args, env)
    const lines = readFileSync(report, 'utf8').split('\n').filter(Boolean)
    return { code, findings: lines.map((line) => JSON.parse(line)) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

const COMPLAINTS = {
  failed: 'failed',
  'broken-file': 'file(s) broke outside of a test, or made noise on the console',
  'empty-file': 'file(s) ran no test',
  skipped: 'were skipped',
  todo: 'are marked as todo',
  noise: 'message(s) on stderr',
}

function complain(findings, code, title) {
  const complaints = []
  for (const [kind, words] of Object.entries(COMPLAINTS)) {
    const found = findings.filter((finding) => finding.kind === kind)
    if (found.length === 0) continue
    complaints.push(`${found.length} ${words}:`)
    complaints.push(...found.map(({ name, text }) => `    ${name ?? text.trim()}`))
  }
  if (complaints.length > 0) throw new GateError(`${title}:\n  ${complaints.join('\n  ')}`)
  if (code !== 0) throw new GateError(`${title}: node --test ended with code ${code}.`)
}
