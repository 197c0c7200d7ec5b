import type { Page } from '@playwright/test'
import { expect, expectNarrow, sendLogin, test } from './fixtures.ts'

const CHIP = '#session-chip'

test('[HOOD-1] [HOOD-8] a login changes the chip, and its page tells of the steps, the new ID, the role and the stored values', async ({
  page,
}) => {
  await page.goto('/authenticate.shtml?userId=1')
  const before = await chipOf(page)
  await sendLogin(page, 1)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Welcome')
  const after = await chipOf(page)
  expect(after.id).not.toBe(before.id)
  expect(after.colours).not.toEqual(before.colours)

  // Without JavaScript, the chip is a link to the page. With JavaScript, it opens the same content in a drawer.
  await page.locator(CHIP).click()
  const hood = page.locator('#inspector')
  await expect(hood.getByRole('heading', { level: 2 }).first()).toHaveText('Step 1: POST /4DACTION/authenticate')
  const login = hood.locator('.inspector-step').first()
  const id = login.getByRole('row', { name: /^Session ID/ })
  await expect(id.locator('del')).toContainText(before.id)
  await expect(id.locator('ins')).toContainText(after.id)
  await expect(login.getByRole('row', { name: /^Stored: myTop3 new/ })).toBeVisible()
  await expect(hood.getByRole('heading', { level: 2, name: 'Step 2: GET /authenticationOK.shtml' })).toBeVisible()
  await expect(hood.getByText('from the role salesperson')).toBeVisible()
  await expect(hood.getByText('No script can read the cookie')).toBeVisible()
  await expect(hood.getByText(/^views\/welcome\.eta/)).toBeVisible()
  const cookies = await page.context().cookies()
  const secret = cookies.find(({ name }) => name.includes('4DSID'))?.value.split('.')[1] ?? ''
  expect(secret).not.toBe('')
  expect(await page.content()).not.toContain(secret)
  await expectNarrow(page)
})

async function chipOf(page: Page): Promise<{ id: string; colours: (string | null)[] }> {
  const chip = page.locator(CHIP)
  const text = String(await chip.textContent()).trim()
  const rects = await chip.locator('rect').all()
  return { id: text.slice(-6), colours: await Promise.all(rects.map((rect) => rect.getAttribute('fill'))) }
}
