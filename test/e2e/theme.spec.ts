import { expect, sendLogin, test } from './fixtures.ts'

const [LIGHT, DARK] = ['rgb(244, 245, 242)', 'rgb(16, 22, 27)']

test('[THEME-1] [THEME-2] the chosen colours stay over the pages, whatever the system has', async ({ page }) => {
  const ground = page.locator('body')
  await page.emulateMedia({ colorScheme: 'dark' })
  await page.goto('/')
  await expect(ground).toHaveCSS('background-color', DARK)
  await page.getByRole('button', { name: 'Light' }).press('Enter')
  await expect(page).toHaveURL('/#theme')
  await expect(ground).toHaveCSS('background-color', LIGHT)
  await expect(page.getByRole('button', { name: 'Light', pressed: true })).toBeInViewport()
  await page.emulateMedia({ colorScheme: 'light' })
  await page.goto('/authenticate.shtml')
  await page.getByRole('button', { name: 'Dark' }).click()
  await sendLogin(page, 4)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Welcome')
  await expect(ground).toHaveCSS('background-color', DARK)
  await page.getByRole('button', { name: 'System' }).click()
  await expect(ground).toHaveCSS('background-color', LIGHT)
})
