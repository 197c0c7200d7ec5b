import { test as base, type Page } from '@playwright/test'
import { type RunningServer, startServer } from '../../src/process/server.ts'
import { type ManualClock, manualClock } from '../../src/session/testing/manual-clock.ts'
import { expect, expectNarrow, inNewTab, logIn } from './fixtures.ts'
import { violations } from './inspect-page.ts'

/** A server on a manual clock, whose sessions end after five minutes without a request, and after an hour at most. */
interface Timed {
  clock: ManualClock
  url: string
}

const test = base.extend<{ timed: Timed; settings: Record<string, string> }>({
  settings: [{ SESSION_TIMEOUT_MINUTES: '5', SESSION_ABSOLUTE_HOURS: '1' }, { option: true }],
  timed: async ({ settings }, use) => {
    const clock = manualClock()
    const env = {
      DATABASE_URL: 'sqlite::memory:',
      SESSION_STORE: 'memory',
      PORT: '0',
      BCRYPT_COST: '4',
      LOG_LEVEL: 'error',
    }
    const server: RunningServer = await startServer({ clock, env: { ...env, ...settings } })
    await use({ clock, url: server.url })
    await server.stop()
  },
  baseURL: async ({ timed }, use) => use(timed.url),
})

const warningOn = (page: Page) => page.getByRole('alertdialog')

/** Lets time pass on the server and in these tabs, which did not run meanwhile, like on a laptop that slept. */
async function sleep({ clock }: Timed, minutes: number, ...tabs: Page[]): Promise<void> {
  clock.advance({ minutes })
  for (const tab of tabs) await tab.clock.fastForward(minutes * 60_000)
}

async function signedIn(page: Page): Promise<void> {
  await page.clock.install()
  await logIn(page, '4')
}

test.use({ javaScriptEnabled: true })

test('[IDLE-1] two minutes before the idle end a dialog offers to stay signed in, and one click extends the session', async ({
  page,
  timed,
}) => {
  await signedIn(page)
  await page.goto('/customers')
  await sleep(timed, 2.5, page)
  await expect(warningOn(page)).toHaveCount(0)
  await sleep(timed, 1, page)
  await expect(warningOn(page)).toBeVisible()
  await expect(warningOn(page)).toHaveAccessibleName('You will be signed out in 2 minutes')
  const stay = page.getByRole('button', { name: 'Stay signed in' })
  await expect(stay).toBeFocused()
  await stay.click()
  await expect(warningOn(page)).toHaveCount(0)
  await sleep(timed, 2.5, page)
  await page.goto('/customers')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your customers')
})

test('[IDLE-2] asking how much time is left does not extend the session, which ends on time', async ({
  page,
  timed,
}) => {
  await signedIn(page)
  for (let step = 0; step < 7; step++) await sleep(timed, 1, page)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log In')
})

test('[IDLE-3] activity or one click in a tab takes the warning away in all tabs', async ({ page, timed }) => {
  await signedIn(page)
  const tab = await inNewTab(page, '/customers')
  await sleep(timed, 3.5, page)
  await expect(warningOn(page)).toBeVisible()
  await expect(warningOn(tab)).toBeVisible()
  await tab.goto('/operations')
  await expect(warningOn(page)).toHaveCount(0)
  await sleep(timed, 3.5, page)
  await expect(warningOn(page)).toBeVisible()
  await expect(warningOn(tab)).toBeVisible()
  await page.getByRole('button', { name: 'Stay signed in' }).click()
  await expect(warningOn(tab)).toHaveCount(0)
})

test('[IDLE-4] after the sleep of a laptop the page warns, or shows that the session has ended', async ({
  page,
  timed,
}) => {
  await signedIn(page)
  await page.goto('/customers')
  await sleep(timed, 4.5, page)
  await expect(warningOn(page)).toHaveAccessibleName('You will be signed out in less than a minute')
  await sleep(timed, 10, page)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log In')
  await expect(page.getByText('5 minutes')).toBeVisible()
})

test('[IDLE-5] the time left comes from the server, however wrong the clock of the computer is', async ({
  page,
  timed,
}) => {
  await page.clock.install({ time: '2001-01-01' })
  await logIn(page, '4')
  await sleep(timed, 2.5, page)
  await expect(warningOn(page)).toHaveCount(0)
  await sleep(timed, 1, page)
  await expect(warningOn(page)).toBeVisible()
})

test('[IDLE-6] Escape closes the warning in all tabs until the session is extended, and the focus returns to the field', async ({
  page,
  timed,
}) => {
  await signedIn(page)
  const tab = await inNewTab(page, '/account/password')
  const field = tab.getByLabel('Current password')
  await field.focus()
  await sleep(timed, 3.5, page)
  await expect(warningOn(page)).toBeVisible()
  await expect(warningOn(tab)).toBeVisible()
  await tab.keyboard.press('Escape')
  await expect(warningOn(tab)).toHaveCount(0)
  await expect(field).toBeFocused()
  await expect(warningOn(page)).toHaveCount(0)
  await sleep(timed, 0.25, page)
  await page.waitForTimeout(300)
  await expect(warningOn(tab)).toHaveCount(0)
  await tab.goto('/customers')
  await sleep(timed, 3.5, page)
  await expect(warningOn(tab)).toBeVisible()
})

test('[IDLE-9] if the server does not answer, the dialog says so and offers to try again', async ({ page, timed }) => {
  await signedIn(page)
  await sleep(timed, 3.5, page)
  const stay = page.getByRole('button', { name: 'Stay signed in' })
  await expect(stay).toBeVisible()
  await page.route('**/*', (route) => route.abort())
  await stay.click()
  await expect(page.getByText('The server did not answer. Try again.')).toBeVisible()
  await page.unroute('**/*')
  await stay.click()
  await expect(warningOn(page)).toHaveCount(0)
})

test('[IDLE-10] the dialog is accessible in light and dark, and fits a screen of 320 px', async ({ page, timed }) => {
  await page.setViewportSize({ width: 320, height: 640 })
  await signedIn(page)
  await sleep(timed, 3.5, page)
  await expect(warningOn(page)).toBeVisible()
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    expect(await violations(page, 'dialog'), colorScheme).toEqual([])
  }
  const box = await warningOn(page).boundingBox()
  expect(box && box.x >= 0 && box.x + box.width <= 320).toBe(true)
  await expectNarrow(page)
})

test.describe('with an absolute timeout', () => {
  test.use({ settings: { SESSION_ABSOLUTE_HOURS: '1', SESSION_IDLE_MINUTES: '120' } })

  test('[IDLE-7] before the absolute end the warning says that this time cannot be extended', async ({
    page,
    timed,
  }) => {
    await signedIn(page)
    await sleep(timed, 58.5, page)
    await expect(warningOn(page)).toBeVisible()
    await expect(warningOn(page)).toHaveAccessibleDescription(/cannot be extended/)
    await expect(page.getByRole('button', { name: 'Stay signed in' })).toBeHidden()
    await page.getByRole('button', { name: 'OK' }).click()
    await expect(warningOn(page)).toHaveCount(0)
  })
})

test.describe('without timeouts', () => {
  test.use({ settings: { SESSION_TIMEOUT_MINUTES: '0' } })

  test('[IDLE-8] a session that never expires has no warning', async ({ page, timed }) => {
    await signedIn(page)
    await sleep(timed, 60 * 24 * 30, page)
    await page.waitForTimeout(300)
    await expect(warningOn(page)).toHaveCount(0)
    await page.goto('/customers')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your customers')
  })
})
