import { expect, expectNarrow, test } from './fixtures.ts'

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

test('[FACE-1] [FACE-2] [AXE-9] a dialog asks before a token is revoked and keeps the keyboard inside, and the message about it moves nothing', async ({
  page,
  server,
}) => {
  await server.parts.sessions?.newToken('2', { userName: 'Jonas Keller', name: 'Nightly report' })
  await page.goto('/authenticate.shtml?userId=2')
  await page.getByRole('button', { name: 'Log In' }).click()
  await page.goto('/account/tokens')
  const row = page.getByRole('row').filter({ hasText: 'Nightly report' })
  const dialog = page.getByRole('dialog', { name: 'Revoke Nightly report?' })
  const opener = row.getByRole('button', { name: 'Revoke Nightly report' })
  for (const close of ['Escape', 'Enter']) {
    await opener.click()
    const cancel = dialog.getByRole('button', { name: 'Cancel' })
    await expect(cancel).toBeFocused()
    const stops = new Set<string>()
    for (let presses = 0; presses < 6; presses += 1) {
      await page.keyboard.press('Tab')
      stops.add(await page.evaluate<string>('document.activeElement.textContent.trim()'))
    }
    // Between the last and the first button, the focus is on the browser's own buttons.
    stops.delete(await page.evaluate<string>('document.body.textContent.trim()'))
    expect([...stops].sort()).toEqual(['Cancel', 'Revoke now'])
    await cancel.focus()
    await page.keyboard.press(close)
    await expect(dialog).toBeHidden()
    await expect(opener).toBeFocused()
  }
  await opener.click()
  await dialog.getByRole('button', { name: 'Revoke now' }).click()
  const message = page.getByRole('status')
  await expect(message).toHaveText('The token is revoked. No program can use it any more.')
  const heading = page.getByRole('heading', { level: 2 })
  const place = await heading.boundingBox()
  await page.getByRole('button', { name: 'Close' }).click()
  await expect(message).toBeHidden()
  expect(await heading.boundingBox()).toEqual(place)
})

test('the documentation of the API opens for every visitor', async ({ page, javaScriptEnabled }) => {
  await page.goto('/api/docs')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('REST API')
  await expect(page.getByRole('link', { name: 'OpenAPI 3.1' })).toHaveAttribute('href', '/api/openapi.json')
  if (javaScriptEnabled !== false) await expect(page.locator('#api-docs')).toContainText('/signin', { timeout: 20_000 })
  await expectNarrow(page)
})
