import type { Browser, BrowserContext, Page } from '@playwright/test'
import { expect, expectNarrow, inNewTab, test } from './fixtures.ts'

// The pages must use localhost, because the links in mail use localhost and cookies belong to one host name.
test.use({ baseURL: async ({ server }, use) => use(server.url.replace('127.0.0.1', 'localhost')) })

const PASSWORD = 'correct horse battery'

test('[JOIN-3] a double click on "Sign Up" sends one mail, and its link works', async ({ page, browser, baseURL }, {
  project,
}) => {
  const email = `dee-${project.name}@example.com`
  await page.goto('/signup')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign Up' }).dblclick({ noWaitAfter: true })
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Waiting for validation email')
  await expect(page.getByRole('main')).toContainText('A mail with a link is on its way', { timeout: 8000 })
  const other = await anotherBrowser(browser, baseURL)
  const phone = await other.newPage()
  await phone.goto(await newestLink(page, email))
  await expect(phone.getByRole('heading', { level: 1 })).toHaveText('Congratulations')
  await other.close()
})

test('the sign-up pages are no wider than the screen, even with a long name', async ({ page }, { project }) => {
  const email = `a-rather-long-address-of-a-person-${project.name}@a-rather-long-name-of-a-company.example.com`
  await signUp(page, email)
  for (const path of ['/signup', '/signup/waiting', '/dev/mailbox', '/validateEmail']) {
    await expectNarrow(await inNewTab(page, path))
  }
  const { pathname, search } = new URL(await newestLink(page, email))
  const tab = await inNewTab(page, pathname + search)
  await tab.goto('/authenticate.shtml')
  await tab.getByLabel('userId').fill(email)
  await tab.getByLabel('Password').fill(PASSWORD)
  await tab.getByRole('button', { name: 'Log In' }).click()
  await expect(tab.getByRole('heading', { level: 1 })).toHaveText('Your page')
  for (const path of ['/', '/account', '/account/tokens']) {
    await tab.goto(path)
    await expectNarrow(tab)
  }
})

async function signUp(page: Page, email: string): Promise<void> {
  await page.goto('/signup')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign Up' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Waiting for validation email')
}

async function newestLink(page: Page, email: string): Promise<string> {
  let link: string | undefined
  await expect(async () => {
    const answer = await page.request.get('/dev/mailbox', { headers: { Accept: 'application/json' } })
    const mails = (await answer.json()) as { to: string; links: string[] }[]
    link = mails.find(({ to }) => to === email)?.links[0]
    expect(link).toBeDefined()
  }).toPass()
  return String(link)
}

function anotherBrowser(browser: Browser, baseURL: string | undefined): Promise<BrowserContext> {
  return browser.newContext({ ...(baseURL !== undefined && { baseURL }) })
}
