import { expect, inNewTab, logIn, test, unusedCustomer } from './fixtures.ts'

test.use({ javaScriptEnabled: true })

test('[TAB-2] a tab notices within two seconds of being visible that another user has logged in, and reloads once', async ({
  page,
}) => {
  await logIn(page, '4')
  const tab = await inNewTab(page, '/customers')
  await expect(tab.locator('.person .name')).toContainText('Noah Lindgren')
  let loads = 0
  tab.on('load', () => {
    loads += 1
  })
  await logIn(page, '5')
  await expect(tab.locator('.person .name')).toContainText('Helen Okafor', { timeout: 2000 })
  await expect(tab.getByRole('heading', { level: 1 })).toHaveText('All customers')
  await tab.waitForTimeout(500)
  expect(loads).toBe(1)
})

test('[TAB-2] a tab without an open stream notices another user when it becomes visible', async ({ page }) => {
  await logIn(page, '4')
  const tab = await page.context().newPage()
  // This tab gets neither stream events nor messages of other tabs.
  await tab.addInitScript(`delete globalThis.BroadcastChannel
    globalThis.EventSource = class extends EventTarget { close() {} }`)
  await tab.goto('/customers')
  await logIn(page, '5')
  await expect(tab.locator('.person .name')).toContainText('Noah Lindgren')
  await tab.evaluate(`document.dispatchEvent(new Event('visibilitychange'))`)
  await expect(tab.locator('.person .name')).toContainText('Helen Okafor', { timeout: 2000 })
})

test('[TAB-3] a tab with typed text hides its private content but not the text, and the form asks before it is sent', async ({
  page,
  server,
}) => {
  await logIn(page, '2')
  const tab = await inNewTab(page, `/customers/${await unusedCustomer(server, 2)}`)
  await tab.getByLabel('Reason').fill('A loyal customer')
  await logIn(page, '5')
  await expect(tab.getByRole('alert')).toContainText('another user has logged in', { timeout: 2000 })
  await expect(tab.getByRole('heading', { level: 1 })).toBeHidden()
  await expect(tab.getByLabel('Reason')).toHaveValue('A loyal customer')
  await tab.getByRole('button', { name: 'Ask for approval' }).click()
  await expect(tab.getByRole('heading', { level: 1 })).toHaveText('You are signed in as Helen Okafor')
  await expect(tab.locator('dd', { hasText: 'A loyal customer' })).toBeVisible()

  // The form is sent as the first user after a login.
  await tab.getByLabel('userId').fill('2')
  await tab.getByLabel('Password').fill('crm-demo')
  await tab.getByRole('button', { name: 'Log In' }).click()
  await expect(tab.getByRole('heading', { level: 1 })).toHaveText('Send the form now?')
  await tab.getByRole('button', { name: 'Send it as Jonas Keller' }).click()
  await expect(tab.getByText('A loyal customer')).toBeVisible()
  await expect(tab.getByText('Asked by')).toBeVisible()
})
