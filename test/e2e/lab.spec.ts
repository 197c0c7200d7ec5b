import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Browser } from '../../src/lab/browser.ts'
import { EXPERIMENTS } from '../../src/lab/experiments/index.ts'
import { HttpConnection } from '../../src/lab/http-connection.ts'
import { expect, test } from './fixtures.ts'

test.use({ javaScriptEnabled: false })

test('the home page leads to the lab, and the lab to its experiments', async ({ page }) => {
  await page.goto('/')
  await page.getByRole('link', { name: 'Attack a session in the lab' }).click()
  await expect(page.getByRole('heading', { level: 3 })).toHaveText(EXPERIMENTS.map(({ title }) => title))
  await page.getByRole('link', { name: 'Session fixation' }).click()
  await page.getByRole('link', { name: 'Its test' }).click()
  await expect(page.locator('body')).toContainText('[PRIV-8]')
})

test('[LAB-1] [LAB-10] every experiment runs at the press of a button, without JavaScript', async ({ page }) => {
  for (const { name, title, expected, otherwise, bindsDevice } of EXPERIMENTS) {
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
      await expect(pane.locator('.results dd.actual').first()).not.toBeEmpty()
      const rows = await pane.locator('.requests tbody tr').count()
      await expect(pane.getByRole('img', { name: `${rows} requests in time.` })).toBeVisible()
      await expect(pane.locator('.timeline rect')).toHaveCount(rows)
    }
    const others = page.locator('.results dt', { hasNotText: /^(Expected|Actual)$/ })
    await expect(others).toHaveText(otherwise ? [otherwise.setUp] : [])
  }
})

test('[LAB-11] with a form of another site, the lab sends the cookies and headers that Chromium sends', async ({
  page,
}) => {
  const forms: (string | undefined)[][] = []
  const server = createServer(({ method, headers }, response) => {
    if (method === 'POST') forms.push([headers.cookie, headers['sec-fetch-site'], headers['sec-fetch-mode']])
    response.setHeader('Set-Cookie', ['absent=1', 'lax=1; SameSite=Lax', 'strict=1; SameSite=Strict'])
    response.setHeader('Content-Type', 'text/html')
    response.end(JSON.stringify(`<form method='post' action='${origin}'><button>Send</button></form>`))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const origin = `http://127.0.0.1:${port}`
  await page.goto(origin)
  await page.goto(`http://localhost:${port}`)
  await page.getByRole('button').click()
  await page.waitForURL(`${origin}/`)
  const connection = new HttpConnection(origin)
  const browser = new Browser('Ana', { origin, exchange: connection.exchange, now: Date.now, record: () => {} })
  await browser.get('/')
  await browser.postFromOtherSite('/')
  connection.close()
  server.close()
  expect(forms).toEqual(Array(2).fill(['absent=1', 'cross-site', 'navigate']))
})
