import { expect, test } from './fixtures.ts'

test.use({ javaScriptEnabled: true })

test('after a download the form that asks for the password is empty, and can be used again', async ({ page }) => {
  await page.goto('/authenticate.shtml?userId=6')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.clock.install()
  await page.goto('/account/confirm?next=/admin/audit.csv')
  let sent = 0
  await page.route('**/account/confirm', (route) => {
    sent += 1
    return route.fulfill({ status: 200, headers: { 'Content-Disposition': 'attachment; filename="a.csv"' }, body: 'a' })
  })
  const password = page.getByLabel('Password')
  const button = page.getByRole('button', { name: 'Continue' })
  for (const times of [1, 2]) {
    await password.fill('crm-demo')
    await Promise.all([page.waitForEvent('download'), button.click()])
    await button.click()
    await page.clock.runFor(5000)
    await expect(password).toHaveValue('')
    expect(sent).toBe(times)
  }
})
