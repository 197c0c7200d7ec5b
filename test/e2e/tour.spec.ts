import type { Page } from '@playwright/test'
import { expect, expectNarrow, inNewTab, test } from './fixtures.ts'

test('[TOUR-1] [TOUR-3] [TOUR-5] [HOME-4] the tour leads from the home page over a second device and the console to the lab', async ({
  page,
  browser,
  baseURL,
}, { project }) => {
  const bar = page.getByRole('complementary', { name: 'Tour' })
  const step = async (text: string) => {
    await expect(bar).toContainText(text)
    await expectNarrow(page)
  }
  await page.goto('/')
  await expect(bar).toHaveCount(0)
  if (project.name === 'desktop') await expectOneScreen(page)
  else await expect(page.getByRole('button', { name: /^Log in as/ }).last()).toBeInViewport({ ratio: 1 })
  await page.getByRole('button', { name: 'Take the tour' }).click()
  await step('Step 1 of 5 Log in')
  await page.getByRole('button', { name: 'Log in as Ada Marlow' }).click()

  await step('Step 2 of 5 Your data in the session')
  const best = String(await page.locator('.top3 .name').first().textContent())
  await page.getByRole('button', { name: 'Next: A second device' }).click()
  await step('Step 3 of 5 A second device')
  await page.getByRole('button', { name: 'Make a link' }).click()
  const link = await page.getByLabel('One-time link').inputValue()

  const phone = await browser.newContext({ ...(baseURL !== undefined && { baseURL }) })
  const second = await phone.newPage()
  await second.goto(link)
  await second.getByRole('button', { name: /Go on/ }).click()
  await expect(second.getByRole('heading', { level: 1 })).toHaveText('Welcome, Ada Marlow')
  await expect(second.locator('.top3 .name').first()).toHaveText(best)
  await page.getByRole('link', { name: 'See your devices' }).click()
  await expect(page.locator('.devices > li').nth(1)).toContainText('One-time link, no password')

  await page.getByRole('button', { name: 'Next: The console' }).click()
  await step('Step 4 of 5 The console')
  await page.getByRole('button', { name: 'Log In' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Sessions')
  await step('Step 4 of 5 The console')
  const signedOut = await inNewTab(second, '/authenticationOK.shtml')
  await expect(signedOut.getByRole('heading', { level: 1 })).toHaveText('Log In')
  await phone.close()

  await page.getByRole('button', { name: 'Next: The lab' }).click()
  await step('Step 5 of 5 The lab')
  await page.getByRole('button', { name: 'Finish the tour' }).click()
  await expect(page).toHaveURL(/\/lab$/)
  await expect(bar).toHaveCount(0)
  await page.goto('/')
  await expect(page.getByRole('button', { name: 'Take the tour' })).toBeVisible()
  if (project.name === 'desktop') await expectOneScreen(page)
})

async function expectOneScreen(page: Page): Promise<void> {
  for (const viewport of [
    { width: 768, height: 1024 },
    { width: 1280, height: 800 },
  ]) {
    await page.setViewportSize(viewport)
    expect(await page.evaluate<number>('document.documentElement.scrollHeight')).toBeLessThanOrEqual(viewport.height)
  }
}
