import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Browser } from '../../src/lab/browser.ts'
import { EXPERIMENTS } from '../../src/lab/experiments/index.ts'
import { HttpConnection } from '../../src/lab/http-connection.ts'
import { expect, test } from './fixtures.ts'

test.use({ javaScriptEnabled: false })

test('the home page leads to the lab, and the lab to its experiments', async ({ page }) => {
  await page.goto('/')
  await page.getByRole('link', { name: 'Attack lab' }).click()
  await expect(page.getByRole('heading', { level: 3 })).toHaveText([
    ...EXPERIMENTS.map(({ title }) => title),
    'Turn the clock',
    'Steal a cookie',
  ])
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

test('[LAB-21] [LAB-22] in the sandbox, a visitor moves the clock, and reads what has ended, when and why', async ({
  page,
}) => {
  await page.goto('/lab/clock')
  await page.getByRole('button', { name: 'Open a sandbox' }).click()
  const states = page.getByRole('table').locator('.badge')
  await expect(states).toHaveText(Array(6).fill('Alive'))
  for (const step of ['15 minutes', '61 minutes']) await page.getByRole('button', { name: step, exact: true }).click()
  await expect(states).toHaveText(['Ended', 'Alive', 'Ended', 'Ended', 'Ended', 'Ended'])
  const row = (name: string) => page.getByRole('row').filter({ has: page.getByRole('rowheader', { name }) })
  await expect(row('A one-time link')).toContainText('Day 1, 09:15: 15 minutes after it was made linkRefused')
  await expect(row('Chrome on macOS')).toContainText('Day 1, 10:01: not used for 60 minutes ended: idle')
  await expect(row('A copy of the bound cookies')).toContainText('Day 1, 09:11: no proof of the key bindingFailed')
  await page.getByRole('button', { name: 'Start over' }).click()
  await expect(states).toHaveText(Array(6).fill('Alive'))
  await page.getByRole('button', { name: 'Use everything for 12 hours' }).click()
  await expect(row('Firefox on Windows')).toContainText('Day 1, 21:00: 12 hours after the login ended: absolute')
})

test('[LAB-25] a visitor copies a cookie of the sandbox into another client, and its user ends it', async ({
  page,
  playwright,
}) => {
  await page.goto('/lab/stolen-cookie')
  await page.getByRole('link', { name: 'Steal a cookie yourself, with curl' }).click()
  await page.getByRole('button', { name: 'Open a sandbox' }).click()
  await page.getByRole('button', { name: 'Show the cookies' }).click()
  const lines = await page.locator('.line').allTextContents()
  const curl = await playwright.request.newContext({ userAgent: 'curl/8.14.1' })
  const answers = async () => {
    const texts = []
    for (const line of lines) {
      const [, cookie = '', address = ''] = /^curl --cookie "([^"]+)" "([^"]+)"$/.exec(line) ?? []
      texts.push(await (await curl.get(address, { headers: { cookie } })).text())
    }
    return texts
  }
  const [ana, guest] = ['You are Ana.\n', 'You are a guest.\n']
  expect(await answers()).toEqual([ana, ana])
  await page.goto('/lab/curl')
  await expect(page.getByRole('rowheader')).toHaveText(['curl', 'Safari on an iPhone', 'curl'])
  await page.getByRole('button', { name: '11 minutes pass' }).click()
  const unproved = 'You are a guest. This cookie is bound to a key, and the request came without a proof of the key.\n'
  expect(await answers()).toEqual([ana, unproved])
  await page.getByRole('button', { name: 'Sign out curl, Not bound' }).click()
  expect((await answers())[0]).toBe(guest)
  await curl.dispose()
})
