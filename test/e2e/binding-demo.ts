import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { type BrowserContext, chromium, type Page } from '@playwright/test'
import { bindingFlags, selfSignedCertificate } from '../../scripts/certificate.ts'
import { type RunningServer, startServer } from '../../src/process/server.ts'
import { type ManualClock, manualClock } from '../../src/session/testing/manual-clock.ts'
import { findFullChromium, launchOptions } from '../support/chromium.ts'
import { type Scope, settingsIn, temporaryFolder } from '../support/process.ts'
import { fixTimeAndRandomValues, PORT as PICTURES_PORT } from './stories/fixed-demo.ts'
import { isTakingPictures, SCALE } from './stories/pictures.ts'
import { test as base, expect } from './stories/story.ts'

/** Tests of device binding in a full browser, because a headless shell has no keys. The clock of the server is manual. */
export const test = base.extend<{ scope: Scope; binding: BindingDemo }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are wanted from this pattern
  scope: async ({}, use) => {
    const ends: (() => void | Promise<void>)[] = []
    await use({ after: (end) => void ends.unshift(end) })
    for (const end of ends) await end()
  },

  binding: async ({ scope }, use, { file }) => {
    if (isTakingPictures) fixTimeAndRandomValues(basename(file))
    const folder = temporaryFolder(scope)
    const { cert, key } = selfSignedCertificate()
    const certificate = join(folder, 'localhost.pem')
    writeFileSync(certificate, cert + key)
    const clock = manualClock()
    const env = {
      ...settingsIn(folder),
      TLS_CERT: certificate,
      TLS_KEY: certificate,
      DEVICE_BINDING_MINUTES: '10',
      LOG_LEVEL: 'error',
      ...(isTakingPictures && { PORT: PICTURES_PORT }),
    }
    const server = await startServer({ env, clock })
    scope.after(() => server.stop())
    const [features = '', pin = ''] = bindingFlags(cert)
    await use({ server, clock, features, pin })
  },

  baseURL: async ({ binding }, use) => use(binding.server.url),
})

interface BindingDemo {
  server: RunningServer
  clock: ManualClock
  /** The flag for a browser that has keys. */
  features: string
  /** The flag for a browser that trusts the server's certificate. */
  pin: string
}

const BOUND_COOKIE = '__Host-4DSID_Tessera-bound'

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

export async function openBrowser(
  scope: Scope,
  { server, features, pin }: BindingDemo,
  { profile = temporaryFolder(scope), hasKeys = true } = {},
): Promise<Browser> {
  const { args = [], ...options } = launchOptions(findFullChromium())
  const context = await chromium.launchPersistentContext(profile, {
    ...options,
    args: [...args, pin, ...(hasKeys ? [features] : [])],
    baseURL: server.url,
    ...(isTakingPictures && { deviceScaleFactor: SCALE }),
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

/** Lets the bound cookie expire on the server and in the browser. */
export async function letProofEnd({ context }: Browser, { clock }: BindingDemo): Promise<void> {
  clock.advance({ minutes: 11 })
  await context.clearCookies({ name: BOUND_COOKIE })
}
