import type { Page } from '@playwright/test'
import { expect, logIn, test, unusedCustomer } from './fixtures.ts'

test('a platform that is down is reported, and a later request works', async ({ page, context, server }) => {
  await logIn(page, '2')
  const customer = `/customers/${await unusedCustomer(server, 2)}`
  const platform = await context.newPage()
  await platform.goto(String(server.platformUrl).replace('127.0.0.1', 'localhost'))
  await behave(platform, 'is down')
  await page.goto(customer)
  await ask(page, 'state')
  await expect(page.getByRole('status')).toContainText('could not be reached')
  await behave(platform, 'answers at once')
  await page.getByRole('link', { name: /^Back to/ }).click()
  await expect(page.locator('tbody tr').first()).toContainText('platform unreachable')
  await page.getByText('Ask for approval of a discount').click()
  await ask(page, 'state')
  await expect(page.getByRole('status')).toContainText('waiting')
})

async function ask(page: Page, scenario: string, reason = ''): Promise<void> {
  await page.getByLabel('Per cent').fill('10')
  await page.getByLabel('Reason').fill(reason)
  await page.getByText('How the platform calls back').first().click()
  await page.getByRole('radio', { name: new RegExp(`^${scenario.replace('$', '\\$')} `) }).check()
  await page.getByRole('button', { name: 'Ask for approval' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('10% discount')
}

async function behave(platform: Page, how: string): Promise<void> {
  await platform.getByLabel(how).check()
  await platform.getByRole('button', { name: 'Set' }).click()
  await expect(platform.getByLabel(how)).toBeChecked()
}
