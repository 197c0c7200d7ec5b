import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type BrowserContext, chromium, type Page } from '@playwright/test'
import { bindingFlags, selfSignedCertificate } from '../../scripts/certificate.ts'
import { type RunningServer, startServer } from '../../src/process/server.ts'
import { type ManualClock, manualClock } from '../../src/session/testing/manual-clock.ts'
import { findFullChromium, launchOptions } from '../support/chromium.ts'
import { type Scope, settingsIn, temporaryFolder } from '../support/process.ts'
import { Visitor } from '../support/visitor.ts'
import { test as base, expect, logIn, sendLogin } from './fixtures.ts'

/** Tests of device binding in a full browser, because a headless shell has no keys. The clock of the server is manual. */
const test = base.extend<{ scope: Scope; demo: BindingDemo }>({
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
    writeFileSync(file, cert + key)
    const clock = manualClock()
    const env = {
      ...settingsIn(folder),
      TLS_CERT: file,
      TLS_KEY: file,
      DEVICE_BINDING_MINUTES: '10',
      LOG_LEVEL: 'error',
    }
    const server = await startServer({ env, clock })
    scope.after(() => server.stop())
    const [features = '', pin = ''] = bindingFlags(cert)
    await use({ server, clock, features, pin })
  },
})

interface BindingDemo {
  server: RunningServer
  clock: ManualClock
  /** The flag for a browser that has keys. */
  features: string
  /** The flag for a browser that trusts the server's certificate. */
  pin: string
}

const BOUND_COOKIE = '__Host-4DSID_CRM-bound'
const NOTICE = 'A copy of your cookie was refused.'

test('[BIND-45] a copy of the cookies opens nothing when the proof has ended, and the browser works on and tells the user', async ({
  scope,
  demo,
}) => {
  const browser = await openBrowser(scope, demo)
  await logIn(browser.page, '2')
  await browser.isBound()
  const thief = await thiefOf(browser, demo)
  expect((await thief.get('/customers')).status).toBe(200)

  await letProofEnd(browser, demo)
  expect((await thief.get('/customers')).location).toBe('/authenticate.shtml?next=%2Fcustomers&ended=key')
  const fetched = { 'Sec-Fetch-Mode': 'cors', 'Sec-Fetch-Dest': 'empty' }
  expect((await thief.get('/customers', fetched)).status).toBe(401)

  await browser.page.goto('/customers')
  await expect(browser.page.getByRole('heading', { level: 1 })).toHaveText('Your customers')
  await expect(browser.page.getByText(NOTICE)).toBeVisible()
  await browser.page.reload()
  await expect(browser.page.getByText(NOTICE)).toBeHidden()
  expect(browser.refreshes).toEqual(['Refreshed'])
})

test('[BIND-46] eight requests at once cause one proof', async ({ scope, demo }) => {
  const browser = await openBrowser(scope, demo)
  await logIn(browser.page, '2')
  await browser.isBound()
  await browser.page.goto('/healthz')
  await letProofEnd(browser, demo)
  const statuses = await browser.page.evaluate<number[]>(
    `Promise.all(Array.from({ length: 8 }, () => fetch('/customers').then(({ status }) => status)))`,
  )
  expect(statuses).toEqual(Array(8).fill(200))
  expect(browser.refreshes).toEqual(['Refreshed'])
})

test('[BIND-47] a link on another site opens a page of the user after the proof has ended', async ({ scope, demo }) => {
  const browser = await openBrowser(scope, demo)
  await logIn(browser.page, '2')
  await browser.isBound()
  const link = `<a href="${demo.server.url}/customers">To the CRM</a>`
  await browser.context.route('https://elsewhere.example/', (route) =>
    route.fulfill({ contentType: 'text/html', body: link }),
  )
  await browser.page.goto('https://elsewhere.example/')
  await letProofEnd(browser, demo)
  await browser.page.getByRole('link').click()
  await expect(browser.page.getByRole('heading', { level: 1 })).toHaveText('Your customers')
  await expect(browser.page.getByText(NOTICE)).toBeHidden()
  expect(browser.refreshes).toEqual(['Refreshed'])
})

test('[BIND-48] a restarted browser still has the key of its profile', async ({ scope, demo }) => {
  const profile = temporaryFolder(scope)
  const before = await openBrowser(scope, demo, { profile })
  await before.page.goto('/authenticate.shtml')
  await before.page.getByLabel('Stay logged in').check()
  await sendLogin(before.page, 2)
  await before.isBound()
  await before.page.goto('/customers')
  await before.context.close()

  const after = await openBrowser(scope, demo, { profile })
  await letProofEnd(after, demo)
  await after.page.goto('/customers')
  await expect(after.page.getByRole('heading', { level: 1 })).toHaveText('Your customers')
  expect(after.refreshes).toEqual(['Refreshed'])
})

test('[BIND-49] a browser forgets the key of a session that ended elsewhere or by a log out, and signs no user in', async ({
  scope,
  demo,
}) => {
  const browser = await openBrowser(scope, demo)
  const { page } = browser
  await logIn(page, '2')
  await browser.isBound()
  // A page of the demo would notice the end and open the login page by itself.
  await page.goto('/healthz')
  await demo.server.parts.sessions?.endMany({ userId: '2' }, 'revoked')
  await letProofEnd(browser, demo)
  await page.goto('/customers')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log In')
  await expect.poll(() => browser.ends).toEqual(['ServerRequested'])

  await sendLogin(page, 2)
  await browser.isBound()
  await page.getByRole('button', { name: 'Log out' }).click()
  await expect(page).toHaveURL(demo.server.url)
  await page.goto('/customers')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log In')
  expect(await browser.cookieNames()).not.toContain(BOUND_COOKIE)
  // The answer to the log out clears the storage of the site, and this also removes the key.
  await expect.poll(() => browser.ends).toEqual(['ServerRequested', 'StoragePartitionCleared'])
  expect(browser.refreshes).toHaveLength(1)
})

test('[BIND-50] a browser without keys stays signed in', async ({ scope, demo }) => {
  const browser = await openBrowser(scope, demo, { hasKeys: false })
  await logIn(browser.page, '2')
  demo.clock.advance({ minutes: 11 })
  await browser.page.goto('/account/sessions')
  await expect(browser.page.getByText('Not bound')).toBeVisible()
  expect(await browser.cookieNames()).not.toContain(BOUND_COOKIE)
})

interface BindingEvent {
  succeeded: boolean
  creationEventDetails?: object
  refreshEventDetails?: { refreshResult: string }
  terminationEventDetails?: { deletionReason: string }
}

interface Browser {
  context: BrowserContext
  page: Page
  /** The results of all attempts to prove the key. */
  readonly refreshes: string[]
  /** Why the browser has forgotten its keys. */
  readonly ends: string[]
  /** Waits until the browser has the bound cookie. It registers its key while it already opens the next page. */
  isBound(): Promise<void>
  cookieNames(): Promise<string[]>
}

async function openBrowser(
  scope: Scope,
  { server, features, pin }: BindingDemo,
  { profile = temporaryFolder(scope), hasKeys = true } = {},
): Promise<Browser> {
  const { args = [], ...options } = launchOptions(findFullChromium())
  const context = await chromium.launchPersistentContext(profile, {
    ...options,
    args: [...args, pin, ...(hasKeys ? [features] : [])],
    baseURL: server.url,
  })
  scope.after(() => context.close())
  const page = await context.newPage()
  const events: BindingEvent[] = []
  // Playwright does not know these calls of the developer tools yet.
  const tools = await context.newCDPSession(page)
  tools.on('Network.deviceBoundSessionEventOccurred' as never, (event: BindingEvent) => void events.push(event))
  await tools.send('Network.enableDeviceBoundSessions' as never, { enable: true } as never)
  const cookieNames = async () => (await context.cookies()).map(({ name }) => name)
  return {
    context,
    page,
    cookieNames,
    get refreshes() {
      return events.flatMap(({ refreshEventDetails: details }) => (details ? [details.refreshResult] : []))
    },
    get ends() {
      return events.flatMap(({ terminationEventDetails: details }) => (details ? [details.deletionReason] : []))
    },
    async isBound() {
      await expect.poll(cookieNames).toContain(BOUND_COOKIE)
      expect(events.find(({ creationEventDetails }) => creationEventDetails)?.succeeded).toBe(true)
    },
  }
}

/** A client on another machine, with copies of all cookies. */
async function thiefOf({ context }: Browser, { server }: BindingDemo): Promise<Visitor> {
  const thief = new Visitor(server.url)
  for (const { name, value } of await context.cookies()) thief.cookies.set(name, value)
  return thief
}

/** Lets the bound cookie expire on the server and in the browser. */
async function letProofEnd({ context }: Browser, { clock }: BindingDemo): Promise<void> {
  clock.advance({ minutes: 11 })
  await context.clearCookies({ name: BOUND_COOKIE })
}
