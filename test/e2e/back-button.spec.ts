import { expect, expectNarrow, logIn, sendLogin, test } from './fixtures.ts'

test.use({ javaScriptEnabled: true })

for (const javaScriptEnabled of [true, false])
  test(`[TAB-9] Back over a refused login shows a page of this site, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async ({
    browser,
    baseURL,
  }) => {
    const context = await browser.newContext({ javaScriptEnabled, ...(baseURL && { baseURL }) })
    const page = await context.newPage()
    await page.goto('/authenticate.shtml')
    await sendLogin(page, 4, 'wrong')
    await expect(page.getByRole('alert')).toHaveText('This password is wrong')
    await sendLogin(page, 4)
    await expect(page.getByRole('heading', { level: 1 })).toContainText('Welcome')
    await page.goBack()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log In')
    await context.close()
  })

test('[TAB-9] Back over a refused form of a signed-in user shows the page with the form', async ({ page }) => {
  await logIn(page, '2')
  await page.goto('/account/confirm?next=/customers')
  await page.getByLabel('Password').fill('wrong')
  await page.getByRole('button', { name: 'Continue' }).click()
  await expect(page.getByRole('alert')).toHaveText('This is not your password.')
  await page.getByRole('link', { name: 'Customers', exact: true }).click()
  await page.goBack()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Confirm your password')
  await expect(page).toHaveURL(/next=\/customers$/)
})

test('[TAB-11] on paper a customer’s page has no form', async ({ page }) => {
  await logIn(page, '2')
  await page.goto('/customers')
  await page.locator('tbody a').first().click()
  const form = page.getByRole('button', { name: 'Ask for approval' })
  await page.emulateMedia({ media: 'print' })
  await expect(form).toBeHidden()
  await expect(page.getByRole('heading', { name: 'Purchases' })).toBeVisible()
})

test('[TAB-14] at 320 px no part of the header is cut off, even with a long name', async ({ page, server }) => {
  const name = 'Wolfeschlegelsteinhausenbergerdorff'
  const rename = (lastname: string) =>
    server.parts.database.updateTable('sales_persons').set({ lastname }).where('user_id', '=', 3).execute()
  await page.setViewportSize({ width: 320, height: 640 })
  await rename(name)
  // Other tests use the same server.
  await logIn(page, '3').finally(() => rename('Rinaldi'))
  await expect(page.locator('.person .name')).toContainText(name)
  const cut = await page.evaluate<string[]>(`[...document.querySelectorAll('.site-header :not(.visually-hidden)')]
    .filter((part) => part.clientWidth > 0 && part.scrollWidth > part.clientWidth + 1)
    .map((part) => part.outerHTML)`)
  expect(cut).toEqual([])
  await expectNarrow(page)
})
