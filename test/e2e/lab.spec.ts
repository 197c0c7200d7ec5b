import { EXPERIMENTS } from '../../src/lab/experiments/index.ts'
import { expect, test } from './fixtures.ts'

test.use({ javaScriptEnabled: false })

test('the home page leads to the lab, and the lab to its experiments', async ({ page }) => {
  await page.goto('/')
  await page.getByRole('link', { name: 'Attack lab' }).click()
  await expect(page.getByRole('heading', { level: 2 })).toHaveText(EXPERIMENTS.map(({ title }) => title))
  await page.getByRole('link', { name: 'Session fixation' }).click()
  await page.getByRole('link', { name: 'Its test' }).click()
  await expect(page.locator('body')).toContainText('[PRIV-8]')
})

for (const { name, title, expected, bindsDevice } of EXPERIMENTS)
  test(`[LAB-1] the experiment "${name}" runs at the press of a button, without JavaScript`, async ({ page }) => {
    await page.goto(`/lab/${name}`)
    await page.getByRole('button', { name: 'Run the experiment' }).click()
    await expect(page.getByRole('heading', { level: 1 })).toHaveText(title)
    for (const [heading, verdict] of [
      [/^The usual way: koa-session/, 'Fails'],
      ...(bindsDevice ? ([[/^This layer Fails/, 'Fails']] as const) : []),
      [bindsDevice ? /^This layer with device binding/ : /^This layer/, 'Holds'],
    ] as const) {
      const pane = page.getByRole('region', { name: heading })
      await expect(pane.locator('.badge')).toHaveText(verdict)
      await expect(pane.locator('.results dd').first()).toHaveText(expected)
      await expect(pane.locator('.results dd.actual')).not.toBeEmpty()
      const rows = await pane.locator('.requests tbody tr').count()
      await expect(pane.getByRole('img', { name: `${rows} requests in time.` })).toBeVisible()
      await expect(pane.locator('.timeline rect')).toHaveCount(rows)
    }
  })
