import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import { crmTemplateFiles, crmTemplatesOnPostgres } from '../support/crm-templates.ts'
import { lacksServer } from './plan.mjs'
import { exitCode, GateError, root, testEnvironment } from './run-program.mjs'
import { groupTests } from './test-groups.mjs'

// More than two processes would be slower on a machine with two cores.
const PROCESSES_AT_ONCE = 2
const PROCESS_MINUTES = 6

/** Throws a `GateError` if a test failed, was skipped or wrote to stderr, or if a file ran no test. */
export async function runUnitTests(files, { stores = 'all', title = 'Tests', ...options } = {}) {
  return runOnCopies(await crmTemplateFiles(), files, { TEST_STORES: stores }, title, options)
}

export async function runUnitTestsOnPostgres(files, { title = 'Tests on PostgreSQL' } = {}) {
  return runOnCopies(await crmTemplatesOnPostgres(), files, { TEST_CRM_DATABASE: 'postgres' }, title)
}

async function runOnCopies({ env, drop }, files, more, title, options) {
  try {
    return await runFiles(files, { ...testEnvironment(), ...env, ...more }, title, options)
  } finally {
    await drop()
  }
}

async function runFiles(files, env, title, options) {
  const { programs, watched, remove } = groupTests(files)
  try {
    const { code, findings } = await runNodeTest(programs, env, options)
    const seen = new Set(findings.map(({ file }) => file && relative(root, file).split(sep).join('/')))
    const empty = watched
      .filter((file) => !seen.has(file) && !lacksServer(file))
      .map((name) => ({ kind: 'empty-file', name }))
    complain([...findings, ...empty], code, title)
    return findings.filter(({ kind }) => kind === 'passed').length
  } finally {
    remove()
  }
}

async function runNodeTest(programs, env, { node = process.execPath, processMinutes = PROCESS_MINUTES } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'gate-'))
  const report = join(folder, 'findings.ndjson')
  const args = [
    '--test',
    '--import',
    './test/support/no-console-error.mjs',
    '--disable-warning=ExperimentalWarning', // Node 22 prints this warning for node:sqlite.
    `--test-concurrency=${PROCESSES_AT_ONCE}`,
    `--test-timeout=${processMinutes * 60_000}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    '--test-reporter=./test/support/gate-reporter.mjs',
    `--test-reporter-destination=${report}`,
    ...programs,
  ]
  try {
    const code = await exitCode(node, args, env)
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
