import { expect, logIn, test, unfoldDiscount } from './fixtures.ts'

test.use({ javaScriptEnabled: true })

test('[TAB-7] while event streams are full, the waiting page asks less and less often', async ({ page, server }) => {
  const asked: string[] = []
  page.on('request', (request) => asked.push(new URL(request.url()).pathname))
  await page.route('**/signup/events', (route) => route.fulfill({ status: 204 }))
  await page.clock.install()
  const email = 'full@example.com'
  await page.goto('/signup')
  await page.getByLabel('E-mail').fill(email)
  await page.getByLabel('Password').fill('correct horse battery')
  await page.getByRole('button', { name: 'Sign Up' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Waiting for validation email')
  const { database } = server.parts
  const sent = () => database.selectFrom('outbox').selectAll().where('email', '=', email).execute()
  await expect.poll(async () => (await sent())[0]?.sent_at ?? null).not.toBe(null)
  await page.goto('/signup/waiting')

  asked.length = 0
  // After each step, the test waits until the current request has ended. Without growing pauses, the page would send 30
  // requests.
  for (let seconds = 0; seconds < 60; seconds += 2) {
    await page.clock.runFor(2000)
    await page.waitForLoadState('networkidle')
  }
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Waiting for validation email')
  const count = asked.filter((path) => path === '/signup/waiting').length
  expect(count).toBeGreaterThan(0)
  expect(count).toBeLessThan(6)
})

test('[TAB-7] a waiting page survives a proxy’s error pages and a server that is gone, and then shows the decision', async ({
  context,
  server,
}) => {
  // Only the fixture `page` fails the test on messages in the console, such as those for the responses below.
  const page = await context.newPage()
  await logIn(page, '3')
  const customer = await server.parts.database
    .selectFrom('customers')
    .select('id')
    .where('sales_person', '=', 3)
    .executeTakeFirstOrThrow()
  await page.clock.install()
  await page.goto(`/customers/${customer.id}`)
  await unfoldDiscount(page)
  await page.getByRole('button', { name: 'Ask for approval' }).click()
  await expect(page.getByRole('status')).toContainText('waiting')

  const answers = ['204', '502', 'gone', '200 of a proxy']
  const given: string[] = []
  await page.route('**/operations/*?refresh', async (route) => {
    const answer = answers[given.length]
    given.push(answer ?? 'the page')
    if (answer === '204') await route.fulfill({ status: 204 })
    else if (answer === '502')
      await route.fulfill({ status: 502, contentType: 'text/html', body: '<h1>Bad gateway</h1>' })
    else if (answer === 'gone') await route.abort('connectionrefused')
    else if (answer) await route.fulfill({ contentType: 'text/html', body: '<h1>Maintenance</h1>' })
    else await route.continue()
  })
  await server.parts.database.updateTable('operations').set({ state: 'approved' }).execute()
  for (const number of [1, 2, 3, 4]) {
    await expect(async () => {
      await page.clock.runFor(2000)
      expect(given.length).toBeGreaterThanOrEqual(number)
    }).toPass()
    await expect(page.getByRole('status')).toContainText('waiting')
  }
  await expect(async () => {
    await page.clock.runFor(10_000)
    await expect(page.getByRole('status')).toContainText('approved', { timeout: 200 })
  }).toPass()
})
