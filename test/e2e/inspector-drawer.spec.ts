import { expect, logIn, test } from './fixtures.ts'
import { PageInspector } from './inspect-page.ts'

test('[HOOD-9] the drawer opens by key and by button, closes by Escape, and gives the focus back', async ({ page }) => {
  await logIn(page, '1')
  const drawer = page.getByRole('dialog', { name: 'Under the hood' })
  const chip = page.locator('#session-chip')
  const customers = page.getByRole('link', { name: 'See the customers' })
  await customers.focus()
  await page.keyboard.press('Alt+KeyU')
  await expect(drawer.getByRole('heading', { level: 1 })).toHaveText('Under the hood')
  await expect(drawer.getByRole('button', { name: 'Close' })).toBeFocused()
  await page.keyboard.press('Escape')
  await expect(drawer).toBeHidden()
  await expect(customers).toBeFocused()

  await chip.focus()
  await page.keyboard.press('Space')
  await expect(drawer.getByText(/^\d+ min \d\d s$/)).toBeVisible()
  expect(await (await PageInspector.of(page)).look('the drawer')).toEqual([])
  await page.keyboard.press('Alt+KeyU')
  await expect(drawer).toBeHidden()
  await expect(chip).toBeFocused()
})
