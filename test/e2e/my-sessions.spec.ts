import type { Browser, Page } from '@playwright/test'
import { expect, expectNarrow, inNewTab, sendLogin, test } from './fixtures.ts'

const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1'
const NEW = 'four unusual words here'

test('a device that the user signs out is redirected to the login page', async ({ page, browser, baseURL }) => {
  const email = await signUp(page)
  const phone = await secondDevice(browser, baseURL, email)
  await page.getByRole('link', { name: 'Your account' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your devices')
  const cards = page.locator('.devices > li')
  await expect(cards.first()).toContainText('This device')
  const other = cards.filter({ hasText: 'Safari on an iPhone' })
  await expect(other).toContainText('127.0.0.1')
  await expectNarrow(page)
  await other.getByRole('button', { name: 'Sign out Safari on an iPhone' }).click()
  await expect(page.getByRole('status')).toHaveText('That device is signed out.')
  await expect(cards).toHaveCount(1)

  await landsOnLogin(phone)
  await page.reload()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your devices')
  await phone.context().close()
})

test('a new password signs out the other device, keeps this device signed in, and is reported by mail', async ({
  page,
  browser,
  baseURL,
}) => {
  const email = await signUp(page)
  const phone = await secondDevice(browser, baseURL, email)
  await page.goto('/account/password')
  await page.getByLabel('Your current password').fill('correct horse battery')
  await page.getByLabel('New password').fill(NEW)
  await expectNarrow(page)
  await page.getByRole('button', { name: 'Change the password' }).click()
  await expect(page.getByRole('status')).toContainText('Your password is changed.')
  await page.getByRole('link', { name: 'See your devices' }).click()
  await expect(page.locator('.devices > li')).toHaveCount(1)

  await landsOnLogin(phone)
  await phone.getByLabel('userId').fill(email)
  await phone.getByLabel('Password').fill('correct horse battery')
  await phone.getByRole('button', { name: 'Log In' }).click()
  await expect(phone.getByRole('alert')).toBeVisible()
  await phone.getByLabel('Password').fill(NEW)
  await phone.getByRole('button', { name: 'Log In' }).click()
  await expect(phone.getByRole('heading', { level: 1 })).toHaveText('Your page')
  await phone.context().close()
})

test('[FACE-2] signing out all other devices, even with a double click, keeps this device signed in, and logging out everywhere signs it out too', async ({
  page,
  browser,
  baseURL,
  javaScriptEnabled,
}) => {
  const email = await signUp(page)
  const phone = await secondDevice(browser, baseURL, email)
  await page.goto('/account/sessions')
  await page.getByRole('button', { name: 'Sign out all others' }).click()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toBeHidden()
  await page.getByRole('button', { name: 'Sign out all others' }).click()
  // Without JavaScript a second click would cancel the first response, which sets the new cookie.
  await page.getByRole('button', { name: 'Sign them out' }).click({ clickCount: javaScriptEnabled === false ? 1 : 2 })
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your devices')
  await expect(page.locator('.devices > li')).toHaveCount(1)
  await landsOnLogin(phone)
  const tab = await inNewTab(page, '/account/sessions')
  await expect(tab.getByRole('heading', { level: 1 })).toHaveText('Your devices')
  await tab.close()
  await page.getByRole('button', { name: 'Log out everywhere' }).click()
  await page.getByRole('button', { name: 'Log out now' }).click()
  await expect(page.getByRole('banner').getByRole('link', { name: 'Log in' })).toBeVisible()
  await phone.context().close()
})

test('a new address is confirmed by the link mailed to it', async ({ page, server }) => {
  const email = await signUp(page)
  const wanted = newAddress()
  await page.goto('/account/email')
  await page.getByLabel('New e-mail address').fill(wanted)
  await page.getByLabel('Your password').fill('wrong')
  await page.getByRole('button', { name: 'Send the link' }).click()
  await expect(page.getByRole('alert')).toHaveText('This is not your password.')
  await expect(page.getByLabel('New e-mail address')).toHaveValue(wanted)
  await page.getByLabel('Your password').fill('correct horse battery')
  await page.getByRole('button', { name: 'Send the link' }).click()
  await expect(page.getByRole('status')).toContainText(`your address stays ${email}`)
  await expectNarrow(page)
  await page.goto(await linkTo(server.url, wanted))
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your e-mail address is changed')
  await page.goto('/account')
  await expect(page.getByRole('main')).toContainText(wanted)
})

/** Creates a customer account and signs in. */
async function signUp(page: Page): Promise<string> {
  const email = newAddress()
  const tab = await inNewTab(page, '/signup')
  await tab.getByLabel('E-mail').fill(email)
  await tab.getByLabel('Password', { exact: true }).fill('correct horse battery')
  await tab.getByRole('button', { name: 'Sign up' }).click()
  await expect(tab).toHaveURL('/signup/waiting')
  const validated = await inNewTab(page, await linkTo(new URL(tab.url()).origin, email))
  await expect(validated.getByRole('heading', { level: 1 })).toHaveText('Congratulations')
  await tab.close()
  await validated.close()
  await logIn(page, email)
  return email
}

async function secondDevice(browser: Browser, baseURL: string | undefined, email: string): Promise<Page> {
  const context = await browser.newContext({ userAgent: IPHONE, ...(baseURL !== undefined && { baseURL }) })
  const page = await context.newPage()
  await logIn(page, email)
  return page
}

async function logIn(page: Page, email: string): Promise<void> {
  await page.goto('/authenticate.shtml')
  await sendLogin(page, email, 'correct horse battery')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your page')
}

/** With JavaScript the page redirects by itself. Without JavaScript, the next request is redirected. */
async function landsOnLogin(page: Page): Promise<void> {
  await expect(async () => {
    // The page may redirect itself at this moment, and this navigation then never ends.
    if (!/authenticate\.shtml/.test(page.url())) await page.goto('/account', { timeout: 3_000 }).catch(() => null)
    expect(page.url()).toMatch(/authenticate\.shtml/)
  }).toPass({ timeout: 10_000 })
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log In')
}

function newAddress(): string {
  return `ana-${crypto.randomUUID().slice(0, 8)}@example.com`
}

async function linkTo(url: string, address: string): Promise<string> {
  let link = ''
  await expect(async () => {
    const answer = await fetch(`${url}/dev/mailbox`, { headers: { Accept: 'application/json' } })
    const mails = (await answer.json()) as { to: string; links: string[] }[]
    const found = mails.find(({ to, links }) => to === address && links[0]?.includes('$4DSID'))?.links[0] ?? ''
    expect(found).not.toBe('')
    const { pathname, search } = new URL(found)
    link = pathname + search
  }).toPass({ timeout: 10_000 })
  return link
}
