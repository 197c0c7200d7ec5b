import { expect, logIn, test, unfoldDiscount } from './fixtures.ts'

test('[PAGE-4] a button that only a script can use is not visible without scripts', async ({
  page,
  javaScriptEnabled,
}) => {
  await page.goto('/signup')
  await expect(page.locator('.show-password')).toBeVisible({ visible: javaScriptEnabled !== false })
})

test('a password can be pasted and shown', async ({ page, javaScriptEnabled }) => {
  await page.goto('/signup')
  const field = page.locator('#password')
  // The browser pastes what was copied from another field.
  await page.locator('#email').fill('correct horse battery')
  await page.locator('#email').press('ControlOrMeta+A')
  await page.locator('#email').press('ControlOrMeta+C')
  await field.press('ControlOrMeta+V')
  await expect(field).toHaveValue('correct horse battery')
  await expect(field).toHaveAttribute('type', 'password')
  if (javaScriptEnabled === false) return
  await page.getByRole('button', { name: 'Show the password' }).click()
  await expect(field).toHaveAttribute('type', 'text')
  await page.getByRole('button', { name: 'Hide the password' }).click()
  await expect(field).toHaveAttribute('type', 'password')
})

test('[PAGE-7] while the platform is slow, the form shows that it is busy', async ({ page, javaScriptEnabled }) => {
  await logIn(page, '3')
  await page.goto('/customers')
  await page.locator('tbody').getByRole('link').first().click()
  if (javaScriptEnabled === false) return
  await unfoldDiscount(page)
  // A test cannot inspect a page during a navigation, so the page stores its own state.
  await page.evaluate(`addEventListener('submit', ({ target }) => setTimeout(() =>
    sessionStorage.setItem('busy', target.ariaBusy + ' ' + target.querySelector('button').textContent)))`)
  await page.getByRole('button', { name: 'Ask for approval' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('10% discount')
  expect(await page.evaluate(`sessionStorage.getItem('busy')`)).toBe('true Asking the platform…')
})

test('[PAGE-14] an open mailbox shows new mail by itself', async ({ page, request, baseURL, javaScriptEnabled }) => {
  const email = `new-${crypto.randomUUID().slice(0, 8)}@example.com`
  await page.goto('/dev/mailbox')
  const form = { email, password: 'correct horse battery' }
  await request.get('/')
  const answer = await request.post('/signup', { form, headers: { Origin: String(baseURL) }, maxRedirects: 0 })
  expect(answer.status()).toBe(303)
  if (javaScriptEnabled === false) {
    await expect(async () => {
      await page.getByRole('link', { name: 'Reload' }).click()
      await expect(page.getByText(`to ${email}`)).toBeVisible({ timeout: 1000 })
    }).toPass({ timeout: 10_000 })
    return
  }
  await expect(page.getByText(`to ${email}`)).toBeVisible({ timeout: 15_000 })
  await expect(page.getByText('New mail appears automatically.')).toBeVisible()
})
