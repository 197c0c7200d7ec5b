import { expect, sendLogin, test } from './fixtures.ts'

const LARGEST_KILOBYTES = 500

test('[ASSET-3] the documentation of the API has the navigation of the other pages, and is at most 500 KB large', async ({
  page,
}) => {
  await page.goto('/authenticate.shtml')
  await sendLogin(page, 4)
  await page.goto('/account/tokens')
  const sizes: Promise<number>[] = []
  page.on('requestfinished', (request) => {
    sizes.push(
      request.sizes().then(({ responseBodySize, responseHeadersSize }) => responseBodySize + responseHeadersSize),
    )
  })
  await page.getByRole('link', { name: 'API', exact: true }).click()
  // The viewer is a large program, which takes seconds to start on a busy machine.
  await expect(page.getByText('/customers').first()).toBeVisible({ timeout: 30_000 })
  const bytes = (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0)
  expect(bytes).toBeGreaterThan(300_000)
  expect(bytes).toBeLessThan(LARGEST_KILOBYTES * 1000)

  await page.getByRole('navigation').getByRole('link', { name: 'Customers' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('customers')
})
