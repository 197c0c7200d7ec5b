import { expect, test } from './fixtures.ts'

test.use({ javaScriptEnabled: true })

test('a page from the back/forward cache checks its session again, and shows no data if the session has ended', async ({
  page,
  server,
}) => {
  // Prevents this page from noticing the end of its session, like a page in the back/forward cache.
  await page.route('**/session-ended.*.js', (route) => route.fulfill({ contentType: 'text/javascript', body: '' }))
  await page.goto('/authenticate.shtml?userId=2')
  await page.getByRole('button', { name: 'Log In' }).click()
  await page.getByRole('link', { name: 'Customers', exact: true }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your customers')

  await server.parts.sessions?.endMany({ userId: '2' })
  // Simulates a return from the back/forward cache.
  await page.evaluate(`dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))`)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log In')
  await expect(page.locator('body')).not.toContainText('Jonas Keller')
})
