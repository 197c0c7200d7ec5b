import type { Browser, BrowserContext, Page } from '@playwright/test'
import { expect, sendLogin, test } from './fixtures.ts'

const ADMINISTRATOR = 6
// A test with this tag is about a script, and does not run with JavaScript off.
const SCRIPT = { tag: '@script' }

test('when an administrator ends a session, the page of another administrator shows the end by itself', async ({
  page,
  browser,
  baseURL,
  server,
  javaScriptEnabled,
}) => {
  const token = await server.parts.sessions?.newToken('4', { userName: 'A program' })
  await logIn(page, ADMINISTRATOR)
  await page.goto(`/admin/sessions/${token?.id}`)
  const there = await anotherBrowser(browser, baseURL, javaScriptEnabled)
  const colleague = await there.newPage()
  await logIn(colleague, ADMINISTRATOR)
  await colleague.goto(`/admin/sessions/${token?.id}`)
  await page.getByRole('button', { name: 'End this session' }).click()
  await expect(page.getByRole('status')).toContainText('The session has ended')
  if (javaScriptEnabled !== false) await expect(colleague.getByRole('status')).toHaveText('This session has ended.')
  await colleague.getByRole('button', { name: 'End this session' }).click()
  await expect(colleague.getByRole('main')).toContainText('The session had ended before.')
  await there.close()
})

test('all tabs of a browser notice the end of the session, and one of them shows the message', async ({
  page,
  browser,
  baseURL,
  server,
  javaScriptEnabled,
}) => {
  const there = await anotherBrowser(browser, baseURL, javaScriptEnabled)
  const tabs = [await there.newPage(), await there.newPage()]
  await logIn(tabs[0] as Page, 2)
  for (const tab of tabs) await tab.goto('/customers')
  await logIn(page, ADMINISTRATOR)
  await page.goto('/admin/sessions?user=2')
  await page.getByRole('button', { name: 'End all sessions of Jonas Keller' }).click()
  await page.getByLabel('Message').first().fill('Good night')
  if (javaScriptEnabled !== false) await expect.poll(() => server.parts.streams.size).toBeGreaterThan(1)
  await page.getByRole('button', { name: 'End them all' }).click()
  await expect(page.getByRole('status')).toContainText('ended. Yours goes on.')
  if (javaScriptEnabled === false) for (const tab of tabs) await tab.goto('/customers')
  for (const tab of tabs) await expect(tab.getByRole('heading', { level: 1 })).toHaveText('Log In', { timeout: 4000 })
  const told = await Promise.all(tabs.map((tab) => tab.getByText('Good night').count()))
  expect(told.sort()).toEqual([0, 1])
  await there.close()
})

test('the console shows new and ended sessions by itself, and keeps text that is being typed', async ({
  page,
  browser,
  baseURL,
  javaScriptEnabled,
}) => {
  await logIn(page, ADMINISTRATOR)
  await page.goto('/admin/sessions?user=1&kind=web')
  const rows = page.getByRole('link', { name: 'Ada Marlow' })
  const before = await rows.count()
  await page.getByRole('button', { name: 'End all sessions but mine' }).click()
  await page.getByLabel('Message').last().fill('half a word')
  const there = await anotherBrowser(browser, baseURL, javaScriptEnabled)
  const salesperson = await there.newPage()
  await logIn(salesperson, 1)
  if (javaScriptEnabled === false) {
    await expect(page.locator('#live-state')).toHaveText('This page shows the state when it was opened.')
    await page.keyboard.press('Escape')
    await page.getByRole('link', { name: 'Reload' }).click()
  }
  await expect(rows).toHaveCount(before + 1, { timeout: 4000 })
  if (javaScriptEnabled !== false) await expect(page.getByLabel('Message').last()).toHaveValue('half a word')
  await salesperson.getByRole('button', { name: 'Log out' }).click()
  if (javaScriptEnabled === false) await page.getByRole('link', { name: 'Reload' }).click()
  await expect(rows).toHaveCount(before, { timeout: 4000 })
  await there.close()
})

// The first refresh gets a 503, and the response to the second refresh is cut off.
const DOWN_THEN_CUT = `
  const ask = window.fetch
  const cut = () => new ReadableStream({ pull: (body) => body.error(new TypeError('cut')) })
  const failures = [() => new Response('', { status: 503 }), () => new Response(cut())]
  window.fetch = async (address, ...more) => {
    const failure = String(address).includes('refresh=') ? failures.shift() : undefined
    return failure ? failure() : ask(address, ...more)
  }
`

const RECORD_STREAMS = `
  window.streams = []
  window.EventSource = class extends EventSource {
    constructor(address) {
      super(address)
      window.streams.push(address)
    }
  }
`

test(
  'a console that could not be updated says so and retries, and never opens the password form by itself',
  SCRIPT,
  async ({ browser, baseURL, server }) => {
    const there = await anotherBrowser(browser, baseURL, true)
    const page = await there.newPage()
    await logIn(page, ADMINISTRATOR)
    await page.addInitScript(DOWN_THEN_CUT)
    await page.goto('/admin/sessions?kind=web')
    const state = page.locator('#live-state')
    await expect(state).toHaveText('Updates automatically.')
    await server.parts.sessions?.newToken('4', { userName: 'A program' })
    await expect(state).toHaveText('The last update failed. It is tried again.')
    await expect(state).toHaveText('Updates automatically.', { timeout: 15_000 })

    const opened: string[] = []
    page.on('request', (request) => opened.push(new URL(request.url()).pathname))
    const redirect = { status: 303, headers: { Location: '/account/confirm' } }
    await page.route('**/admin/sessions?*refresh=', (route) => route.fulfill(redirect))
    await server.parts.sessions?.newToken('4', { userName: 'A program' })
    await expect(state).toContainText('Updates have stopped.')
    expect(opened).not.toContain('/account/confirm')

    await page.route('**/htmx*', (route) => route.abort())
    await page.addInitScript(RECORD_STREAMS)
    await page.goto('/admin/sessions?kind=web')
    const streams = await page.evaluate('window.streams')
    expect(streams, 'without htmx, nothing is updated').not.toContain('/admin/sessions/events')
    await expect(state).toHaveText('This page shows the state when it was opened.')
    await there.close()
  },
)

test(
  '[PAGE-10] [LIVE-4] the console changes while the keyboard is in its table, and the row in focus does not move',
  SCRIPT,
  async ({ page, server }) => {
    await server.parts.sessions?.newToken('4', { userName: 'A program' })
    await logIn(page, ADMINISTRATOR)
    let fetched = 0
    page.on('request', (request) => {
      if (request.url().includes('refresh')) fetched += 1
    })
    const state = page.locator('#live-state')
    // The first page may miss the login of this test, and then fetches the list.
    await expect(async () => {
      fetched = 0
      await page.goto('/admin/sessions?user=4&kind=rest')
      await expect(state).toHaveText('Updates automatically.')
      expect(fetched, 'an unchanged list is not fetched again').toBe(0)
    }).toPass({ timeout: 10_000 })
    const rows = page.locator('#live tbody tr')
    const before = await rows.count()
    const link = rows.last().getByRole('link').first()
    const href = await link.getAttribute('href')
    await page.setViewportSize({ width: 1280, height: 320 })
    await link.focus()
    const top = (await link.boundingBox())?.y ?? 0
    const token = await server.parts.sessions?.newToken('4', { userName: 'Another program' })
    await expect(rows).toHaveCount(before + 1, { timeout: 4000 })
    const focused = page.locator(`#live a[href="${href}"]`).first()
    await expect(focused).toBeFocused()
    await expect.poll(async () => Math.abs(((await focused.boundingBox())?.y ?? 0) - top)).toBeLessThan(1)
    await page.locator(`#live a[href$="${token?.id}"]`).focus()
    await server.parts.sessions?.end(String(token?.id))
    await expect(rows).toHaveCount(before, { timeout: 4000 })
    await expect(page.locator('#live :focus')).toHaveCount(1)
  },
)

test(
  'a part of the console with a selection does not change until the user leaves it',
  SCRIPT,
  async ({ page, server }) => {
    const token = await server.parts.sessions?.newToken('4', { userName: 'A program' })
    await logIn(page, ADMINISTRATOR)
    await page.goto(`/admin/sessions/${token?.id}`)
    const state = page.locator('#live-state')
    await expect(state).toHaveText('Updates automatically.')
    await page.evaluate(`document.querySelector('#live dd').append('an older word')`)
    await page.evaluate(`document.getSelection().selectAllChildren(document.querySelector('#live dd'))`)
    await server.parts.sessions?.newToken('4', { userName: 'Another program' })
    await expect(state).toHaveText('Paused while you are selecting text here.')
    await page.evaluate(`document.getSelection().removeAllRanges()`)
    await expect(page.getByText('an older word')).toHaveCount(0, { timeout: 10_000 })
    await expect(state).toHaveText('Updates automatically.')
  },
)

test('after the end of a session, the response to a form on its page redirects to a page that can be opened', async ({
  page,
  server,
  javaScriptEnabled,
}) => {
  await logIn(page, ADMINISTRATOR)
  await page.goto('/admin/sessions')
  await page.evaluate(
    `document.querySelector('form[action$="end-others"] [name="message"]').removeAttribute('maxlength')`,
  )
  await page.getByRole('button', { name: 'End all sessions but mine' }).click()
  await page.getByLabel('Message').last().fill('x'.repeat(201))
  await page.getByRole('button', { name: 'End all others' }).click()
  await expect(page.getByText('The message is too long')).toBeVisible()
  await expect(page).toHaveURL(javaScriptEnabled === false ? /\/end-others$/ : /\/admin\/sessions$/)
  if (javaScriptEnabled !== false) await expect.poll(() => server.parts.streams.size).toBeGreaterThan(0)
  await server.parts.sessions?.endMany({ userId: String(ADMINISTRATOR) }, 'revoked', { message: 'Good night' })
  if (javaScriptEnabled === false) await page.goto('/')
  await expect(page).toHaveURL(/:\d+\/$/)
  await expect(page.getByText('Good night')).toBeVisible()
})

test('closing a tab, or leaving a page and coming back, ends no session', async ({
  page,
  server,
  javaScriptEnabled,
}) => {
  await logIn(page, 4)
  await page.goto('/customers')
  if (javaScriptEnabled !== false) await expect.poll(() => server.parts.streams.size).toBeGreaterThan(0)
  const other = await page.context().newPage()
  await other.goto('/customers')
  await other.close()
  await page.goto('/customers/1')
  await page.goBack()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your customers')
})

test('an administrator can save the audit trail as a file', async ({ page }) => {
  await logIn(page, ADMINISTRATOR)
  await page.goto('/admin/audit?event=secured')
  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Export as CSV' }).click()
  expect((await download).suggestedFilename()).toMatch(/^audit-\d{4}-\d\d-\d\d\.csv$/)
})

async function logIn(page: Page, userId: number): Promise<void> {
  await page.goto('/authenticate.shtml')
  await sendLogin(page, userId)
  await expect(page.getByRole('button', { name: 'Log out' })).toBeVisible()
}

function anotherBrowser(
  browser: Browser,
  baseURL: string | undefined,
  javaScriptEnabled: boolean | undefined,
): Promise<BrowserContext> {
  return browser.newContext({
    ...(baseURL !== undefined && { baseURL }),
    ...(javaScriptEnabled !== undefined && { javaScriptEnabled }),
  })
}
