import type { BrowserContext } from '@playwright/test'
import { expect, inNewTab, logIn, test } from './fixtures.ts'

test('an attacker who plants a cookie in a victim’s browser loses access when the victim logs in', async ({
  page,
  browser,
  baseURL,
}) => {
  const attacker = await browser.newContext({ ...(baseURL !== undefined && { baseURL }) })
  await inNewTab(await attacker.newPage(), '/')
  const planted = await attacker.cookies()
  expect(planted).toHaveLength(1)

  await page.context().addCookies(planted)
  await page.goto('/')
  expect(await cookieOf(page.context()), 'the trap is set').toBe(planted[0]?.value)
  await logIn(page, '1')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Welcome, Ada Marlow')
  const good = await cookieOf(page.context())
  expect(good).not.toBe(planted[0]?.value)

  await expectStranger(attacker)
  expect(await cookieOf(attacker), 'the attacker gets no other cookie').toBe(planted[0]?.value)
  await page.goto('/customers')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your customers')
  expect(await cookieOf(page.context())).toBe(good)
  await attacker.close()
})

for (const [who, userId] of [
  ['a guest', undefined],
  ['logged in', '2'],
] as const) {
  test(`an attacker who is ${who} and brings a victim into the session by a link loses access when the victim logs in`, async ({
    page,
    browser,
    baseURL,
    server,
  }) => {
    const attacker = await browser.newContext({ ...(baseURL !== undefined && { baseURL }) })
    const tab = await attacker.newPage()
    await tab.goto('/')
    if (userId) await logIn(tab, userId)
    const id = String((await cookieOf(attacker)).split('.')[0])
    const [link, spare] = [await server.parts.sessions?.createOTP(id), await server.parts.sessions?.createOTP(id)]

    await page.goto(`/?$4DSID=${link}`)
    expect(await cookieOf(page.context()), 'the trap is set').toContain(`${id}.`)
    await logIn(page, '1')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Welcome, Ada Marlow')
    await expect(page.getByRole('banner')).toContainText('Ada Marlow')
    expect(await cookieOf(page.context())).not.toContain(id)

    await expectStranger(attacker)
    await inNewTab(tab, `/?$4DSID=${spare}`)
    await expectStranger(attacker)
    await page.goto('/customers')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your customers')
    await attacker.close()
  })
}

async function expectStranger(context: BrowserContext): Promise<void> {
  for (const path of ['/authenticationOK.shtml', '/customers']) {
    const tab = await context.newPage()
    await tab.goto(path)
    await expect(tab.getByRole('heading', { level: 1 })).toHaveText('Log In')
    await expect(tab.locator('body')).not.toContainText('Ada Marlow')
  }
}

async function cookieOf(context: BrowserContext): Promise<string> {
  const cookies = await context.cookies()
  return cookies
    .filter(({ name }) => name.includes('4DSID_'))
    .map(({ value }) => value)
    .join(' and ')
}
