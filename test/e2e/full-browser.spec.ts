import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from '@playwright/test'
import { findFullChromium, launchOptions } from '../support/chromium.ts'
import { type Scope, settingsIn, startServerProcess, temporaryFolder } from '../support/process.ts'
import { test as base, expect, logIn, sendLogin } from './fixtures.ts'

/** Tests in a full browser. A headless shell has no back/forward cache, and cannot block cookies. */
const test = base.extend<{ scope: Scope }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are wanted from this pattern
  scope: async ({}, use) => {
    const ends: (() => void | Promise<void>)[] = []
    await use({ after: (end) => void ends.unshift(end) })
    for (const end of ends) await end()
  },
})

test('[TAB-10] a private page from the back/forward cache shows nothing while the server does not answer, and the login page after the end of the session', async ({
  scope,
}) => {
  const { program, url } = await startServerProcess(scope, { env: settingsIn(temporaryFolder(scope)) })
  // By default, Playwright switches this cache off.
  const options = { ...launchOptions(findFullChromium()), ignoreDefaultArgs: ['--disable-back-forward-cache'] }
  const browser = await chromium.launch(options)
  scope.after(() => browser.close())
  const context = await browser.newContext({ baseURL: url })
  // Chromium does not cache a page whose scripts have received private data. Other browsers do.
  await context.route('**/session-ended.*.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }))
  const page = await context.newPage()
  // While a page waits for its reload, only the page itself can inspect it.
  await page.addInitScript(`addEventListener('pageshow', ({ persisted }) => {
    if (persisted) setTimeout(() => { localStorage.shown = document.title + ': ' + document.body.innerText.trim() }, 200)
  })`)
  await logIn(page, '2')
  await page.goto('/customers')
  await page.goto('/operations')
  const observer = await context.newPage()
  await observer.goto('/dev/mailbox')

  const elsewhere = await browser.newPage({ baseURL: url })
  await logIn(elsewhere, '2')
  await elsewhere.goto('/account/sessions')
  await elsewhere.getByRole('button', { name: 'Sign out all others' }).click()
  await elsewhere.getByRole('button', { name: 'Sign them out' }).click()
  await expect(elsewhere.getByRole('status')).toBeVisible()

  program.kill('SIGSTOP')
  await page.evaluate('void setTimeout(() => history.back())')
  await expect.poll(() => observer.evaluate('localStorage.shown')).toBe('Tessera: ')
  program.kill('SIGCONT')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log In')
})

test('[TAB-8] a browser that blocks cookies gets a page that says so after a login and a sign-up, and its login leaves no session', async ({
  scope,
  server,
}) => {
  const profile = temporaryFolder(scope)
  const preferences = { profile: { default_content_setting_values: { cookies: 2 } } }
  mkdirSync(join(profile, 'Default'))
  writeFileSync(join(profile, 'Default', 'Preferences'), JSON.stringify(preferences))
  const options = { ...launchOptions(findFullChromium()), baseURL: server.url }
  const context = await chromium.launchPersistentContext(profile, options)
  scope.after(() => context.close())
  const page = await context.newPage()
  const before = await server.parts.sessions?.count({ userId: '3' })
  await page.goto('/authenticate.shtml?next=/customers')
  await sendLogin(page, 3)
  await expect(page.getByRole('alert')).toContainText('Allow cookies for this site')
  expect(await server.parts.sessions?.count({ userId: '3' })).toBe(before)
  await page.goto('/signup')
  await page.getByLabel('E-mail').fill('blocked@example.com')
  await page.getByLabel('Password', { exact: true }).fill('correct horse battery')
  await page.getByRole('button', { name: 'Sign Up' }).click()
  await expect(page.getByRole('status')).toContainText('allow cookies for this site')
})
