import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { exitCode, GateError, root, run, testEnvironment } from './run-program.mjs'

const PLAYWRIGHT = join(root, 'node_modules', '@playwright', 'test', 'cli.js')

/**
 * Runs browser tests in Chromium. `screens` are projects of playwright.config.ts (default: all). The files in
 * `doneOnDesktop` do not run with a desktop screen.
 */
export async function runBrowserTests(files, { screens = [], doneOnDesktop = [] } = {}) {
  const path = await ensureChromium()
  console.log(`browser: ${path}`)

  const report = await runPlaywright([...screens.map((screen) => `--project=${screen}`), ...files], {
    ...testEnvironment(),
    CHROMIUM_PATH: path,
    DONE_ON_DESKTOP: doneOnDesktop.map((file) => `**/${file}`).join(','),
  })
  complain(report)
  return report.stats.expected
}

async function ensureChromium() {
  // Playwright may be installed only after this file is loaded.
  const { findChromium, findFullChromium } = await import('../support/chromium.ts')
  if (!findFullChromium()) await installChromium()
  const found = findFullChromium() && findChromium()
  if (found) return found
  throw new GateError('There is no Chromium on this machine. Install one, or set CHROMIUM_PATH to its executable.')
}

async function installChromium() {
  if (process.env.CI && process.getuid?.() === 0 && (await exitCode('sh', ['-c', 'command -v apt-get'])) === 0) {
    const complaint = 'Chromium could not be installed with apt-get.'
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
    await run('apt-get', ['update', '-qq'], complaint, env)
    const install = ['install', '-y', '-qq', '--no-install-recommends']
    const code = await exitCode('apt-get', [...install, 'chromium-headless-shell'], env)
    if (code !== 0) await run('apt-get', [...install, 'chromium'], complaint, env)
    return
  }
  await run(process.execPath, [PLAYWRIGHT, 'install', 'chromium'], 'Playwright could not install Chromium.')
}

async function runPlaywright(args, env) {
  const folder = mkdtempSync(join(tmpdir(), 'gate-'))
  const file = join(folder, 'report.json')
  try {
    const code = await exitCode(process.execPath, [PLAYWRIGHT, 'test', '--reporter=list,json', ...args], {
      ...env,
      PLAYWRIGHT_JSON_OUTPUT_NAME: file,
    })
    return { code, ...JSON.parse(readFileSync(file, 'utf8')) }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function complain({ code, stats, errors, suites }) {
  const complaints = []
  if (stats.unexpected > 0) complaints.push(`${stats.unexpected} failed; see test/e2e/results`)
  if (stats.flaky > 0) complaints.push(`${stats.flaky} passed only at a second try`)
  if (stats.skipped > 0) complaints.push(`${stats.skipped} were skipped`)
  complaints.push(...errors.map((error) => error.message ?? String(error.value)))
  complaints.push(...noise(suites).map((text) => `noise on stderr: ${text.trim()}`))
  if (complaints.length > 0) throw new GateError(`Walkthroughs:\n    ${complaints.join('\n    ')}`)
  if (code !== 0) throw new GateError(`Walkthroughs: Playwright ended with code ${code}.`)
}

function noise(suites) {
  return suites.flatMap((suite) => [
    ...noise(suite.suites ?? []),
    ...suite.specs.flatMap(({ tests }) =>
      tests.flatMap(({ results }) => results.flatMap(({ stderr }) => stderr.map(({ text }) => text ?? ''))),
    ),
  ])
}
