import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BrowserContext, type CDPSession, chromium, type Page } from '@playwright/test'
import { bindingFlags, selfSignedCertificate } from '../../scripts/certificate.ts'
import { type RunningServer, startServer } from '../../src/process/server.ts'
import { type ManualClock, manualClock } from '../../src/session/testing/manual-clock.ts'
import { findFullChromium, launchOptions } from '../support/chromium.ts'
import { type Scope, settingsIn, temporaryFolder } from '../support/process.ts'
import { Visitor } from '../support/visitor.ts'
import { test as base, expect, logIn, sendLogin } from './fixtures.ts'

const COOKIE = '__Host-4DSID_CRM'
const BOUND_COOKIE = `${COOKIE}-bound`

/** A demo on https that binds cookies to keys, and a full browser. A headless shell has no such keys. */
class BoundDemo {
  readonly server: RunningServer
  readonly clock: ManualClock
  readonly #scope: Scope
  readonly #flags: string[]

  constructor(scope: Scope, server: RunningServer, clock: ManualClock, flags: string[]) {
    this.#scope = scope
    this.server = server
    this.clock = clock
    this.#flags = flags
  }

  /** Opens a browser with this profile. With `flags: false`, the browser has no keys. */
  async open({ profile = temporaryFolder(this.#scope), hasKeys = true } = {}): Promise<BoundTab> {
    const options = launchOptions(findFullChromium())
    const context = await chromium.launchPersistentContext(profile, {
      ...options,
      args: [...(options.args ?? []), ...this.#flags.filter((flag) => hasKeys || !flag.includes('features'))],
      baseURL: this.server.url,
    })
    this.#scope.after(() => context.close())
    return BoundTab.of(context, this.server.url)
  }
}

interface BindingEvent {
  type: string
}

/** A tab of a browser, with what its developer tools say of bindings. */
class BoundTab {
  readonly context: BrowserContext
  readonly page: Page
  readonly events: BindingEvent[] = []
  readonly #url: string

  constructor(context: BrowserContext, page: Page, url: string) {
    this.context = context
    this.page = page
    this.#url = url
  }

  static async of(context: BrowserContext, url: string): Promise<BoundTab> {
    const page = context.pages()[0] ?? (await context.newPage())
    const tab = new BoundTab(context, page, url)
    const tools: CDPSession = await context.newCDPSession(page)
    tools.on('Network.deviceBoundSessionEventOccurred' as never, (event: any) => { console.log(JSON.stringify(event)) })
    tools.on('Network.deviceBoundSessionsAdded' as never, (event: any) => { console.log('added', JSON.stringify(event)) })
    await tools.send('Network.enableDeviceBoundSessions' as never, { enable: true } as never)
    return tab
  }
}

const test = base.extend<{ scope: Scope; demo: BoundDemo }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are wanted from this pattern
  scope: async ({}, use) => {
    const ends: (() => void | Promise<void>)[] = []
    await use({ after: (end) => void ends.unshift(end) })
    for (const end of ends) await end()
  },

  demo: async ({ scope }, use) => {
    const folder = temporaryFolder(scope)
    const { cert, key } = selfSignedCertificate()
    const file = join(folder, 'localhost.pem')
    writeFileSync(file, cert + key, { mode: 0o600 })
    const clock = manualClock()
    const env = { ...settingsIn(folder), TLS_CERT: file, TLS_KEY: file, DEVICE_BINDING_MINUTES: '10', LOG_LEVEL: 'silent' }
    const server = await startServer({ env, clock })
    scope.after(() => server.stop())
    await use(new BoundDemo(scope, server, clock, bindingFlags(cert)))
  },
})

test('explore', async ({ demo }) => {
  const { page, context } = await demo.open()
  page.on('request', (r) => console.log(r.method(), r.url()))
  await page.goto('/authenticate.shtml?userId=2')
  await page.getByRole('button', { name: 'Log In' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Welcome')
  await page.waitForTimeout(1000)
  console.log(await context.cookies())
  await page.goto('/account/sessions')
  console.log(await page.getByRole('listitem').first().innerText())
  await page.screenshot({ path: '/tmp/h/dbscdemo-1.png', fullPage: true })
  demo.clock.advance({ minutes: 11 })
  await context.clearCookies({ name: BOUND_COOKIE })
  console.log('---- cleared')
  await page.goto('/customers')
  console.log(page.url(), await context.cookies())
  await page.waitForTimeout(500)
})
