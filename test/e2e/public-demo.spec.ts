import type { Page } from '@playwright/test'
import { type RunningServer, startServer } from '../../src/process/server.ts'
import { type ManualClock, manualClock } from '../../src/session/testing/manual-clock.ts'
import { type Scope, settingsIn, temporaryFolder } from '../support/process.ts'
import { test as base, expect, sendLogin } from './fixtures.ts'
import { PageInspector } from './inspect-page.ts'

/** A test with a public demo, whose clock is manual. */
const test = base.extend<{ demo: { server: RunningServer; clock: ManualClock } }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are wanted from this pattern
  demo: async ({}, use) => {
    const ends: (() => void | Promise<void>)[] = []
    const scope: Scope = { after: (end) => void ends.unshift(end) }
    const clock = manualClock()
    const env = { ...settingsIn(temporaryFolder(scope)), DEMO_PUBLIC: 'true', LOG_LEVEL: 'error' }
    const server = await startServer({ env, clock })
    await use({ server, clock })
    await server.stop()
    for (const end of ends) await end()
  },
  baseURL: async ({ demo }, use) => use(demo.server.url),
})

test('[PUBLIC-3] [PUBLIC-6] [PUBLIC-11] the pages of the public demo say what is closed, and count down to the reset', async ({
  page,
  demo,
}) => {
  const inspector = await PageInspector.of(page)
  await page.clock.install()
  await logInAsAdministrator(page)
  await page.goto('/account/password')
  await expect(page.getByLabel('New password')).toBeDisabled()
  await expect(page.getByRole('button', { name: 'Change the password' })).toBeDisabled()
  const notice = page.locator('#reset-notice')
  await expect(page.locator('#reset')).toHaveText('All data is reset in 18 h, at 03:00 UTC.')
  await page.clock.runFor('01:00:00')
  await expect(page.locator('#reset')).toHaveText('All data is reset in 17 h, at 03:00 UTC.')
  await expect(notice).toBeHidden()

  demo.clock.advance({ hours: 17, minutes: 45 })
  await logInAsAdministrator(page)
  await page.goto('/account/password')
  await expect(notice).toBeHidden()
  await page.clock.runFor('05:30')
  await expect(notice).toContainText('The demo is reset in 10 min.')
  demo.clock.advance({ minutes: 6 })
  for (const path of ['/admin/sessions', '/account/password']) {
    expect(await inspector.open(path)).toEqual([])
    await expect(notice).toContainText('The demo is reset in 9 min.')
  }
  expect(await inspector.look('the password page with the notice')).toEqual([])
  await page.clock.runFor('09:30')
  await expect(notice).toHaveText('The demo was reset. Reload the page.')
})

async function logInAsAdministrator(page: Page): Promise<void> {
  await page.goto('/authenticate.shtml')
  await sendLogin(page, 6)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sessions')
}
