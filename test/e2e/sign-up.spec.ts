import type { Browser, BrowserContext, Page } from '@playwright/test'
import { expect, expectNarrow, inNewTab, test } from './fixtures.ts'

// The pages must use localhost, because the links in mail use localhost and cookies belong to one host name.
test.use({ baseURL: async ({ server }, use) => use(server.url.replace('127.0.0.1', 'localhost')) })

const PASSWORD = 'correct horse battery'

test('a sign-up link opened in another browser brings both browsers into one session, and the waiting page updates by itself', async ({
  page,
  browser,
  baseURL,
}, { project, repeatEachIndex }) => {
  const email = `ana-${project.name}-${repeatEachIndex}@example.com`
  await signUp(page, email)
  const session = await sessionShown(page)
  await expect(page.getByRole('main')).toContainText('A mail with a link is on its way', { timeout: 8000 })

  const link = await newestLink(page, email)
  const other = await anotherBrowser(browser, baseURL)
  const phone = await other.newPage()
  await phone.goto('/')
  await phone.goto(link)
  await expect(phone.getByRole('heading', { level: 1 })).toHaveText('Congratulations')
  await expect(phone.getByRole('main')).toContainText(`Your email ${email} has been validated`)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Email validated', { timeout: 4000 })
  expect(await sessionShown(phone)).toBe(session)
  expect(await sessionShown(page)).toBe(session)

  const second = `bo-${project.name}-${repeatEachIndex}@example.com`
  await signUp(phone, second)
  await page.goto('/signup/waiting')
  await expect(page.getByRole('main')).toContainText(second)

  const again = await inNewTab(phone, link)
  await expect(again.getByRole('heading', { level: 1 })).toHaveText('Invalid token')
  const guessing = await inNewTab(page, `/validateEmail?$4DSID=${'F'.repeat(32)}`)
  await expect(guessing.getByRole('heading', { level: 1 })).toHaveText('Invalid token')
  await guessing.goto('/signup/waiting')
  await expect(guessing.getByRole('heading', { level: 1 })).toHaveText('Waiting for validation email')

  const login = await inNewTab(page, '/authenticate.shtml')
  await login.getByLabel('userId').fill(email)
  await login.getByLabel('Password').fill(PASSWORD)
  await login.getByRole('button', { name: 'Log In' }).click()
  await expect(login.getByRole('heading', { level: 1 })).toHaveText('Your page')
  await expect(login.getByRole('main')).toContainText('There is no customer with this address')
  await other.close()
})

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

test('the demo’s mailbox shows the mail, its link and a QR code for a phone', async ({ page, browser, baseURL }, {
  project,
}) => {
  const email = `cy-${project.name}@example.com`
  await signUp(page, email)
  const mailbox = await inNewTab(page, '/dev/mailbox')
  const mail = mailbox.locator('details').filter({ hasText: email })
  if ((await mail.getAttribute('open')) === null) await mail.locator('summary').click()
  await expect(mail.getByRole('img', { name: 'The link as a QR code' })).toBeVisible()
  await expect(mail.locator('iframe')).toHaveAttribute('srcdoc', /Validate this address/)
  const other = await anotherBrowser(browser, baseURL)
  const phone = await other.newPage()
  await phone.goto(String(await mail.getByRole('link', { name: 'Open the link' }).getAttribute('href')))
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

async function sessionShown(page: Page): Promise<string> {
  return String(await page.locator('.hint code').first().textContent())
}

function anotherBrowser(browser: Browser, baseURL: string | undefined): Promise<BrowserContext> {
  return browser.newContext({ ...(baseURL !== undefined && { baseURL }) })
}
