import { temporaryFolder } from '../support/process.ts'
import { letProofEnd, openBrowser, test } from './binding-demo.ts'
import { expect, logIn, sendLogin } from './fixtures.ts'

const BOUND_COOKIE = '__Host-4DSID_Tessera-bound'
const NOTICE = 'A copy of your cookie was refused.'

test('[BIND-46] eight requests at once cause one proof', async ({ scope, binding }) => {
  const browser = await openBrowser(scope, binding)
  await logIn(browser.page, '2')
  await browser.isBound()
  await browser.page.goto('/healthz')
  await letProofEnd(browser, binding)
  const statuses = await browser.page.evaluate<number[]>(
    `Promise.all(Array.from({ length: 8 }, () => fetch('/customers').then(({ status }) => status)))`,
  )
  expect(statuses).toEqual(Array(8).fill(200))
  expect(browser.refreshes).toEqual(['Refreshed'])
})

test('[BIND-47] a link on another site opens a page of the user after the proof has ended', async ({
  scope,
  binding,
}) => {
  const browser = await openBrowser(scope, binding)
  await logIn(browser.page, '2')
  await browser.isBound()
  const link = `<a href="${binding.server.url}/customers">To the CRM</a>`
  await browser.context.route('https://elsewhere.example/', (route) =>
    route.fulfill({ contentType: 'text/html', body: link }),
  )
  await browser.page.goto('https://elsewhere.example/')
  await letProofEnd(browser, binding)
  await browser.page.getByRole('link').click()
  await expect(browser.page.getByRole('heading', { level: 1 })).toHaveText('Your customers')
  await expect(browser.page.getByText(NOTICE)).toBeHidden()
  expect(browser.refreshes).toEqual(['Refreshed'])
})

test('[BIND-48] a restarted browser still has the key of its profile', async ({ scope, binding }) => {
  const profile = temporaryFolder(scope)
  const before = await openBrowser(scope, binding, { profile })
  await before.page.goto('/authenticate.shtml')
  await before.page.getByLabel('Stay logged in').check()
  await sendLogin(before.page, 2)
  await before.isBound()
  await before.page.goto('/customers')
  await before.context.close()

  const after = await openBrowser(scope, binding, { profile })
  await letProofEnd(after, binding)
  await after.page.goto('/customers')
  await expect(after.page.getByRole('heading', { level: 1 })).toHaveText('Your customers')
  expect(after.refreshes).toEqual(['Refreshed'])
})

test('[BIND-49] a browser forgets the key of a session that ended elsewhere or by a log out, and signs no user in', async ({
  scope,
  binding,
}) => {
  const browser = await openBrowser(scope, binding)
  const { page } = browser
  await logIn(page, '2')
  await browser.isBound()
  // A page of the demo would notice the end and open the login page by itself.
  await page.goto('/healthz')
  await binding.server.parts.sessions?.endMany({ userId: '2' }, 'revoked')
  await letProofEnd(browser, binding)
  await page.goto('/customers')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log In')
  await expect.poll(() => browser.ends).toEqual(['ServerRequested'])

  await sendLogin(page, 2)
  await browser.isBound()
  await page.getByRole('button', { name: 'Log out' }).click()
  await expect(page).toHaveURL(binding.server.url)
  await page.goto('/customers')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log In')
  expect(await browser.cookieNames()).not.toContain(BOUND_COOKIE)
  // The answer to the log out clears the storage of the site, and this also removes the key.
  await expect.poll(() => browser.ends).toEqual(['ServerRequested', 'StoragePartitionCleared'])
  expect(browser.refreshes).toHaveLength(1)
})

test('[BIND-50] a browser without keys stays signed in', async ({ scope, binding }) => {
  const browser = await openBrowser(scope, binding, { hasKeys: false })
  await logIn(browser.page, '2')
  binding.clock.advance({ minutes: 11 })
  await browser.page.goto('/account/sessions')
  await expect(browser.page.getByText('Not bound')).toBeVisible()
  expect(await browser.cookieNames()).not.toContain(BOUND_COOKIE)
})
