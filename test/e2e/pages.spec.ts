import type { Page } from '@playwright/test'
import { createRoutes } from '../../src/app/routes.ts'
import type { RunningServer } from '../../src/process/server.ts'
import { expect, sendLogin, test } from './fixtures.ts'
import { PageInspector } from './inspect-page.ts'

interface Visit {
  at: string | ((server: RunningServer) => Promise<string>)
  /** Goes from the opened page to the page that the test inspects. */
  after?: (page: Page) => Promise<void>
}

const PASSWORD = 'correct horse battery'

// All experiments share one page. These have few requests, many requests, two set-ups, and three panes with a link.
const DIFFERENT_EXPERIMENTS = ['parallel-writes', 'one-time-link', 'replay', 'stolen-cookie']

/** The pages, by the user who opens them. */
const VISITS: Record<string, Visit[]> = {
  guest: [
    { at: '/' },
    { at: '/authenticate.shtml?next=%2Fcustomers&ended=1' },
    { at: '/authenticate.shtml?next=%2Fcustomers', after: (page) => sendLogin(page, 99) },
    { at: '/signup' },
    { at: '/signup', after: (page) => signUp(page, 'no address') },
    { at: '/signup/waiting' },
    { at: '/signup/not-me' },
    { at: '/validateEmail' },
    { at: '/tools/validateEmail' },
    { at: '/4DACTION/validateEmail' },
    { at: '/account/email/confirm' },
    { at: '/account/email/changed' },
    { at: '/my4DApp/completeOperation' },
    { at: '/api/docs' },
    { at: '/nope' },
    { at: '/logout' },
    { at: '/signup', after: showMail },
    { at: '/dev/mailbox' },
    { at: '/under-the-hood' },
    { at: '/', after: (page) => page.getByRole('button', { name: 'Take the tour' }).click() },
  ],
  'guest in the lab': [
    { at: '/lab' },
    ...DIFFERENT_EXPERIMENTS.map((name) => ({ at: `/lab/${name}`, after: runExperiment })),
    { at: '/lab/clock' },
    { at: '/lab/clock', after: moveTheClock },
    { at: '/lab/curl', after: showTheCookies },
  ],
  'guest without a password': [{ at: '/password/reset' }, { at: '/password/reset/done' }, { at: '/password/new' }],
  'salesperson with a customer': [
    { at: '/' },
    { at: '/authenticationOK.shtml' },
    { at: '/customers' },
    { at: '/customers?q=zzz' },
    { at: '/customers/1' },
    { at: '/customers/100' },
    { at: '/customers/new' },
    { at: '/customers/new', after: (page) => sendEmpty(page, 'Add the customer') },
    { at: '/customers/1/edit' },
    { at: '/customers/1/edit', after: causeConflict },
    { at: '/customers/1', after: recordWrongPurchase },
    { at: '/customers/2', after: removeCustomer },
    { at: '/operations' },
    { at: '/operations/1' },
    { at: '/operations/2' },
    { at: '/under-the-hood' },
    { at: '/under-the-hood?request=unknown' },
    { at: '/admin/sessions' },
  ],
  'salesperson with an account': [
    { at: '/account/confirm' },
    { at: '/account/unsent' },
    { at: '/account/sessions', after: signOutOthers },
    { at: '/account/password' },
    { at: '/account/email' },
    { at: '/', after: makeTourLink },
    { at: '/account/tokens', after: makeToken },
    { at: '/account/tokens' },
  ],
  manager: [
    { at: '/authenticationOK.shtml' },
    { at: '/customers?sort=total' },
    { at: '/customers/3' },
    // The pages of the external platform.
    { at: platform },
    { at: async (server) => `${await platform(server)}/requests/1` },
  ],
  administrator: [
    { at: '/admin/sessions?state=any' },
    { at: '/admin/sessions?user=6', after: openDialog },
    { at: sessionOfToken },
    { at: '/admin/audit' },
    { at: '/admin/audit?user=zzz' },
  ],
  'administrator of accounts': [{ at: '/admin/accounts' }, { at: '/admin/accounts/4' }],
  customer: [{ at: '/account' }],
}
const USER_IDS = { salesperson: 4, manager: 5, administrator: 6 }

/** GET routes that show no page to a browser, and why. */
const NOT_PAGES: Record<string, string> = {
  '/session/events': 'a stream',
  '/signup/events': 'a stream',
  '/admin/sessions/events': 'a stream',
  '/admin/audit.csv': 'a download',
  '/customers.csv': 'a download',
  '/rest/Operations/completeOperation': 'JSON',
  '/lab/sandbox/:name': 'plain text, for curl',
  '/lab/:experiment/test': 'the source of a test, as plain text',
}

for (const [who, visits] of Object.entries(VISITS))
  test(`[AXE-1] [AXE-2] [PAGE-1] the pages of the ${who} are accessible and quick, and do not scroll sideways`, async ({
    page,
    server,
  }) => {
    test.setTimeout(180_000)
    await enter(page, server, who)
    const inspector = await PageInspector.of(page)
    const complaints: string[] = []
    for (const { at, after } of visits) {
      const path = typeof at === 'string' ? at : await at(server)
      complaints.push(...(await inspector.open(path)))
      await after?.(page)
      complaints.push(...(await inspector.look(after === undefined ? path : `${path} and after it`)))
    }
    expect(complaints).toEqual([])
  })

test('[AXE-3] every route that shows a page is on the list of the inspected pages', async ({ server }) => {
  const routes = createRoutes(server.parts)
  const paths = Object.values(VISITS).flatMap((visits) => visits.map(({ at }) => (typeof at === 'string' ? at : '')))
  const visited = new Set(
    paths.map((path) => routes.router.match(path.split('?')[0] ?? '', 'GET').pathAndMethod[0]?.path).filter(Boolean),
  )
  visited.add('/admin/sessions/:id')
  const pages = routes.list().filter(({ method, path }) => method === 'GET' && NOT_PAGES[path] === undefined)
  expect(pages.map(({ path }) => path).filter((path) => !visited.has(path))).toEqual([])
})

async function enter(page: Page, server: RunningServer, who: string): Promise<void> {
  if (who === 'customer') return becomeCustomer(page, server)
  const [, userId] = Object.entries(USER_IDS).find(([role]) => who.startsWith(role)) ?? []
  if (userId === undefined) return
  if (who === 'salesperson with a customer') await addOperations(server)
  await page.goto('/authenticate.shtml')
  await sendLogin(page, userId)
  await expect(page.getByRole('button', { name: 'Log out' })).toBeVisible()
}

async function signUp(page: Page, email: string): Promise<void> {
  await page.evaluate(`document.querySelector('form[action="/signup"]').noValidate = true`)
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password', { exact: true }).fill(PASSWORD)
  await page.getByRole('button', { name: 'Sign Up' }).click()
}

async function moveTheClock(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Open a sandbox' }).click()
  await page.getByRole('button', { name: '61 minutes' }).click()
}

async function showTheCookies(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Start over' }).click()
  await page.getByRole('button', { name: 'Show the cookies' }).click()
}

async function sendEmpty(page: Page, button: string): Promise<void> {
  await page.evaluate(`for (const form of document.forms) form.noValidate = true`)
  await page.getByRole('button', { name: button }).click()
  await expect(page.getByRole('alert')).toBeVisible()
}

/** Sends a form that was opened before a change of another user. */
async function causeConflict(page: Page): Promise<void> {
  await page.evaluate(`document.querySelector('[name="version"]').value = '99'
    document.querySelector('[name="shown-city"]').value = 'Elsewhere'`)
  await page.getByLabel('City').fill('AVeryLongWordThatHasNoPlaceToBreakAnywhereInItAtAll')
  await page.getByRole('button', { name: 'Save the changes' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Two changes at once')
}

async function recordWrongPurchase(page: Page): Promise<void> {
  await page.getByText('Record a purchase').click()
  await page.getByLabel('Amount in EUR').fill('0')
  await sendEmpty(page, 'Record the purchase')
}

async function removeCustomer(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Remove' }).click()
  await expect(page.getByText('You can undo this')).toBeVisible()
}

async function runExperiment(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Run the experiment' }).click()
  await expect(page.getByRole('button', { name: 'Run it again' })).toBeVisible()
  await page.locator('.more-summary').first().click()
}

async function makeToken(page: Page): Promise<void> {
  await page.getByLabel('Name').fill('Nightly report')
  await page.getByRole('button', { name: 'Make the token' }).click()
  await expect(page.getByLabel('Token')).toBeVisible()
}

async function makeTourLink(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Take the tour' }).click()
  await page.getByRole('button', { name: 'Next: A second device' }).click()
  await page.getByRole('button', { name: 'Make a link' }).click()
  await expect(page.getByLabel('One-time link')).toBeVisible()
}

async function signOutOthers(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Sign out all others' }).click()
  await page.getByRole('button', { name: 'Sign them out' }).click()
  await expect(page.getByRole('status')).toBeVisible()
}

async function openDialog(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'End all sessions but mine' }).click()
  await expect(page.getByRole('dialog')).toBeVisible()
}

/** Shows a mail as a page of its own. */
async function showMail(page: Page): Promise<void> {
  const email = `mail-${crypto.randomUUID().slice(0, 8)}@example.com`
  await signUp(page, email)
  await expect(page).toHaveURL(/waiting/)
  let html = ''
  await expect(async () => {
    const answer = await page.request.get('/dev/mailbox', { headers: { Accept: 'application/json' } })
    const mails = (await answer.json()) as { to: string; html: string }[]
    html = mails.find(({ to }) => to === email)?.html ?? ''
    expect(html).not.toBe('')
  }).toPass({ timeout: 10_000 })
  // This page allows the style of a mail.
  await page.goto('/dev/mailbox')
  await page.setContent(html)
}

async function becomeCustomer(page: Page, { parts }: RunningServer): Promise<void> {
  const { database, passwords } = parts
  const { email } = await database.selectFrom('customers').select('email').where('id', '=', 7).executeTakeFirstOrThrow()
  const [now, id] = [new Date().toISOString(), crypto.randomUUID()]
  const password = await passwords.hash(PASSWORD)
  await database
    .insertInto('users')
    .values({ id, email, password, validated: 1, session_id: '', created_at: now, validated_at: now })
    .execute()
  await page.goto('/authenticate.shtml')
  await sendLogin(page, email, PASSWORD)
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your page')
}

/** A waiting operation and one that failed, for customer 1. */
async function addOperations({ parts: { database } }: RunningServer): Promise<void> {
  const now = Date.now()
  const common = {
    customer_id: 1,
    user_id: 4,
    session_id: '',
    percent: 10,
    reason: 'AVeryLongWordThatHasNoPlaceToBreakAnywhereInItAtAll',
    scenario: '$4DSID' as const,
    asked_at: new Date(now).toISOString(),
    expires_at: new Date(now + 600_000).toISOString(),
    decided_at: null,
  }
  const waiting = { ...common, key: 'waiting', state: 'asked' as const, platform_id: 'x' }
  const failed = { ...common, key: 'failed', state: 'unreachable' as const, platform_id: null }
  await database.insertInto('operations').values([waiting, failed]).execute()
}

async function platform({ platformUrl }: RunningServer): Promise<string> {
  return String(platformUrl).replace('127.0.0.1', 'localhost')
}

async function sessionOfToken({ parts: { sessions } }: RunningServer): Promise<string> {
  const token = await sessions?.newToken('4', { userName: 'A program' })
  return `/admin/sessions/${token?.id}`
}
