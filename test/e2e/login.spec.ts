import { expect, inNewTab, sendLogin, test } from './fixtures.ts'

test('[REMEMBER-7] with the box, the user is still logged in after the browser has closed, and without the box not', async ({
  page,
  browser,
  baseURL,
}) => {
  /** The browser after a restart. It has lost all cookies without an expiry. */
  const restarted = async () => {
    const context = await browser.newContext({ ...(baseURL !== undefined && { baseURL }) })
    await context.addCookies((await page.context().cookies()).filter(({ expires }) => expires > 0))
    return context
  }
  for (const isKept of [false, true]) {
    await page.goto('/authenticate.shtml?next=%2Fcustomers')
    await expect(page.getByLabel('Stay logged in for 30 days')).not.toBeChecked()
    if (isKept) await page.getByText('Stay logged in for 30 days').click()
    await sendLogin(page, '1')
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your customers')
    const context = await restarted()
    const tab = await inNewTab(await context.newPage(), '/customers')
    await expect(tab.getByRole('heading', { level: 1 })).toHaveText(isKept ? 'Your customers' : 'Log In')
    await context.close()
  }
  const session = (await page.context().cookies()).find(({ name }) => name.includes('4DSID_'))
  const days = ((session?.expires ?? 0) - Date.now() / 1000) / 86_400
  expect(days).toBeGreaterThan(29.9)
  expect(days).toBeLessThanOrEqual(30)
  await page.getByRole('button', { name: 'Log out' }).click()
  expect((await page.context().cookies()).filter(({ value }) => value === session?.value)).toEqual([])
})

test('[HOME-1] the home page logs the visitor in as the chosen account at one press, and a newcomer sees a top 2', async ({
  page,
}) => {
  await page.goto('/')
  await page.getByRole('button', { name: 'Log in as Noah Lindgren' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Welcome, Noah Lindgren')
  await expect(page.locator('.top3 li')).toHaveCount(2)
})

test('a salesperson who opens the administration reads which privilege is missing', async ({ page }) => {
  await page.goto('/authenticate.shtml?userId=4')
  await page.getByRole('button', { name: 'Log In' }).click()
  await page.goto('/admin/sessions')
  await expect(page.getByRole('main')).toContainText('It needs the privilege “WebAdmin”')
  await page.goto('/customers/100')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Page not found')
})

test('another user on the same browser sees their own name and customers', async ({ page }) => {
  for (const [userId, name] of [
    ['1', 'Ada Marlow'],
    ['2', 'Jonas Keller'],
  ] as const) {
    await page.goto(`/authenticate.shtml?userId=${userId}`)
    await page.getByRole('button', { name: 'Log In' }).click()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(`Welcome, ${name}`)
  }
  await expect(page.getByRole('banner')).toContainText('Jonas Keller')
})

test('a manager pages through all customers', async ({ page }) => {
  await page.goto('/authenticate.shtml?userId=5')
  await page.getByRole('button', { name: 'Log In' }).click()
  await page.getByRole('link', { name: 'Customers', exact: true }).click()
  await expect(page.getByText('252 customers')).toBeVisible()
  const firstName = page.locator('tbody').getByRole('link').first()
  const first = String(await firstName.textContent())
  await page.getByRole('link', { name: 'Next page' }).click()
  await expect(firstName).not.toHaveText(first)
  await page.getByRole('link', { name: 'Previous page' }).click()
  await expect(firstName).toHaveText(first)
})
