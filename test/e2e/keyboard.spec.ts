import type { Locator, Page } from '@playwright/test'
import { discountSummary, expect, expectNarrow, isDiscountFolded, sendLogin, test, unfoldDiscount } from './fixtures.ts'

test('[AXE-4] a salesperson logs in, finds a customer, asks for a discount and logs out with the keyboard alone', async ({
  page,
}) => {
  await page.goto('/customers')
  await expect(page.getByLabel('userId')).toBeFocused()
  await page.keyboard.type('1')
  await tabTo(page, page.getByLabel('Password'))
  await page.keyboard.type('crm-demo')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your customers')

  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('main')).toBeFocused()
  await tabTo(page, page.getByLabel('Sort by'))
  await page.keyboard.type('Tot')
  await tabTo(page, page.getByRole('button', { name: 'Show' }))
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/sort=total/)
  await tabTo(page, page.locator('tbody').getByRole('link').first())
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 2, name: 'Purchases' })).toBeVisible()

  if (await isDiscountFolded(page)) {
    await tabTo(page, discountSummary(page))
    await page.keyboard.press('Enter')
  }
  await tabTo(page, page.getByLabel('Per cent'))
  await page.keyboard.press('Control+a')
  await page.keyboard.type('15')
  await tabTo(page, page.getByText('How the platform calls back').first())
  await page.keyboard.press('Enter')
  await tabTo(page, page.getByRole('radio', { name: /^\$4DSID/ }))
  await page.keyboard.press('ArrowDown')
  await expect(page.getByRole('radio', { name: /^state/ })).toBeChecked()
  await tabTo(page, page.getByRole('button', { name: 'Ask for approval' }))
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('15% discount')

  await tabTo(page, page.getByRole('button', { name: 'Log out' }))
  await page.keyboard.press('Enter')
  await expect(page.getByRole('banner').getByRole('link', { name: 'Log In' })).toBeVisible()
})

// A window of 1280 × 1024 pixels, as in the rule of WCAG for reflow.
for (const zoom of [2, 4])
  test(`[AXE-5] at a zoom of ${zoom * 100} %, the same steps work without horizontal scrolling`, async ({
    browser,
    baseURL,
  }) => {
    const context = await browser.newContext({
      viewport: { width: 1280 / zoom, height: 1024 / zoom },
      deviceScaleFactor: zoom,
      ...(baseURL !== undefined && { baseURL }),
    })
    const page = await context.newPage()
    await page.goto('/customers')
    await expectNarrow(page)
    await sendLogin(page, 2)
    await expect(page.getByRole('heading', { level: 1 })).toBeInViewport()
    await expectNarrow(page)
    await page.getByLabel('Sort by').selectOption({ label: 'Total purchases' })
    await page.getByRole('button', { name: 'Show' }).click()
    await expect(page).toHaveURL(/sort=total/)
    await page.locator('tbody').getByRole('link').first().click()
    await expectNarrow(page)
    await unfoldDiscount(page)
    await page.getByRole('button', { name: 'Ask for approval' }).click()
    await expect(page.getByRole('status')).toContainText('waiting')
    await expectNarrow(page)
    await page.getByRole('button', { name: 'Log out' }).click()
    await expect(page.getByRole('banner').getByRole('link', { name: 'Log In' })).toBeInViewport()
    await context.close()
  })

/** Presses Tab until the element has the focus. Every element on the way must be visible while it has the focus. */
async function tabTo(page: Page, wanted: Locator): Promise<void> {
  for (let steps = 0; steps < 80; steps += 1) {
    if (await wanted.evaluate((element) => element === element.ownerDocument.activeElement)) return
    await page.keyboard.press('Tab')
    const isShown = await page.evaluate<boolean>(`(() => {
      const { width, height } = document.activeElement.getBoundingClientRect()
      return width > 1 && height > 1
    })()`)
    expect(isShown, 'an element that cannot be seen has the focus').toBe(true)
  }
  await expect(wanted).toBeFocused()
}
