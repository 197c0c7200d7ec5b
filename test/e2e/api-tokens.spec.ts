import { expect, expectNarrow, sendLogin, test } from './fixtures.ts'

test('[FACE-1] [FACE-2] a token is created, used, shown as used, and revoked', async ({ page, server }) => {
  await page.goto('/account/tokens')
  await expect(page).toHaveURL(/\/authenticate\.shtml\?next=%2Faccount%2Ftokens$/)
  await sendLogin(page, '2')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your API tokens')
  await expect(page.getByRole('main')).toContainText('You have no tokens yet.')

  await page.getByLabel('Name').fill('Nightly report')
  await page.getByLabel('Lives for').selectOption('90 days')
  await page.getByRole('button', { name: 'Make the token' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your new API token')
  const token = await page.getByLabel('Token').inputValue()
  const command = await page.getByLabel('Try it in a terminal').inputValue()
  expect(command).toMatch(/^curl -s http:\/\/localhost:\d+\/api\/me -H /)
  expect(command.endsWith(`'Authorization: Bearer ${token}'`)).toBe(true)
  await expectNarrow(page)
  await page.getByRole('link', { name: 'I have copied it' }).click()
  const row = page.getByRole('row').filter({ hasText: 'Nightly report' })
  await expect(row).toContainText('Never')
  await expect(page.locator('body')).not.toContainText(token.slice(-43))

  const me = await callWith(server.url, token)
  expect(me.status).toBe(200)
  expect(await me.json()).toMatchObject({ userName: 'Jonas Keller', token: { name: 'Nightly report', scope: 'read' } })
  await page.reload()
  await expect(row).toContainText('from 127.0.0.1, report/1.0')
  await expectNarrow(page)

  await row.getByRole('button', { name: 'Revoke Nightly report' }).click()
  const dialog = page.getByRole('dialog', { name: 'Revoke Nightly report?' })
  await expect(dialog).toContainText('Programs that use it are refused at once.')
  await expect(dialog.getByRole('button', { name: 'Cancel' })).toBeFocused()
  await dialog.getByRole('button', { name: 'Revoke now' }).click()
  const message = page.getByRole('status')
  await expect(message).toHaveText('The token is revoked. No program can use it any more.')
  const heading = page.getByRole('heading', { level: 2 })
  const place = await heading.boundingBox()
  await page.getByRole('button', { name: 'Close' }).click()
  await expect(message).toBeHidden()
  expect(await heading.boundingBox()).toEqual(place)
  await expect(page.getByRole('main')).toContainText('You have no tokens yet.')
  const refused = await callWith(server.url, token)
  expect(refused.status).toBe(401)
  expect(await refused.json()).toEqual({
    isCallbackError: true,
    message: 'Access Denied. Please sign in first.',
  })
})

test('going back to the token, or sending its form again, creates no second token', async ({ page }) => {
  await page.goto('/authenticate.shtml?userId=3')
  await page.getByRole('button', { name: 'Log In' }).click()
  await page.getByRole('link', { name: 'Your account' }).click()
  await page.getByRole('link', { name: 'API tokens' }).first().click()
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

function callWith(url: string, token: string): Promise<Response> {
  const headers = { Authorization: `Bearer ${token}`, 'User-Agent': 'report/1.0 (nightly)' }
  return fetch(`${url}/api/me`, { headers })
}
