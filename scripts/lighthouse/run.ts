// npm run lighthouse: inspects the pages of a new demo with Lighthouse, on a phone and on a desktop. Prints the scores
// for accessibility and best practices, and fails if one is below 100.
//   npm run lighthouse
//   npm run lighthouse -- /customers       only the pages whose address contains this
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { startServer } from '../../src/process/server.ts'
import { launchOptions } from '../../test/support/chromium.ts'
import { CATEGORIES, Lighthouse, type Report, SCREENS } from './lighthouse.ts'
import { pagesOf, VIEWERS } from './pages.ts'

const BEST = 100
const NAMES = Object.keys(CATEGORIES) as (keyof typeof CATEGORIES)[]
const [wanted = ''] = process.argv.slice(2)

const folder = mkdtempSync(join(tmpdir(), 'crm-lighthouse-'))
const lighthouse = await Lighthouse.install()
const env = { DATABASE_URL: `sqlite:${join(folder, 'crm.sqlite')}`, PORT: '0', BCRYPT_COST: '4', LOG_LEVEL: 'error' }
const server = await startServer({ env })
const { args = [], ...options } = launchOptions()
// Lighthouse connects to the same browser, and has its cookies.
const profile = join(folder, 'profile')
const browser = await chromium.launchPersistentContext(profile, {
  ...options,
  args: [...args, '--remote-debugging-port=0'],
  baseURL: server.url,
})
try {
  const port = Number(readFileSync(join(profile, 'DevToolsActivePort'), 'utf8').split('\n')[0])
  const page = await browser.newPage()
  const faults: string[] = []
  let count = 0
  console.log(
    `| page | user | ${SCREENS.flatMap((screen) => NAMES.map((name) => `${screen}: ${CATEGORIES[name]}`)).join(' | ')} |`,
  )
  console.log(`|---|---|${'--:|'.repeat(SCREENS.length * NAMES.length)}`)
  for (const viewer of VIEWERS)
    for (const url of await pagesOf(viewer, server, page)) {
      const path = url.replace(server.url, '')
      if (!path.includes(wanted)) continue
      const scores: number[] = []
      for (const screen of SCREENS) {
        const report: Report = await lighthouse.inspect(url, { port, screen })
        scores.push(...NAMES.map((name) => report.scores[name]))
        if (NAMES.some((name) => report.scores[name] < BEST))
          faults.push(...report.faults.map((fault) => `${path} as ${viewer.name} on a ${screen}: ${fault}`))
      }
      count += 1
      console.log(`| ${path} | ${viewer.name} | ${scores.join(' | ')} |`)
    }
  console.log(faults.length === 0 ? `\n${count} pages, all with ${BEST}.` : `\n${faults.join('\n')}`)
  process.exitCode = faults.length === 0 && count > 0 ? 0 : 1
} finally {
  await browser.close()
  await server.stop()
  lighthouse.remove()
  rmSync(folder, { recursive: true, force: true })
}
