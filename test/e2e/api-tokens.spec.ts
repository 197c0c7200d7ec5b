import { expect, expectNarrow, test } from './fixtures.ts'

test('going back to the token, or sending its form again, creates no second token', async ({ page }) => {
  await page.goto('/authenticate.shtml?userId=3')
  await page.getByRole('button', { name: 'Log In' }).click()
  await page.getByRole('link', { name: 'API tokens' }).click()
  await page.getByLabel('Name').fill('Once')
  await page.getByRole('button', { name: 'Make the token' }).click()
  const token = await page.getByLabel('Token').inputValue()
  await page.getByRole('link', { name: 'I have copied it' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your API tokens')
  await page.goBack().catch(() => null)
  await expect(page.locator('body')).not.toContainText(token)
  await page.goto('/account/tokens')
  await expect(page.locator('.tokens tbody tr')).toHaveCount(1)
})

test('the documentation of the API opens for every visitor', async ({ page, javaScriptEnabled }) => {
  await page.goto('/api/docs')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('REST API')
  await expect(page.getByRole('link', { name: 'OpenAPI 3.1' })).toHaveAttribute('href', '/api/openapi.json')
  if (javaScriptEnabled !== false) await expect(page.locator('#api-docs')).toContainText('/signin', { timeout: 20_000 })
  await expectNarrow(page)
})
