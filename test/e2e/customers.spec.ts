import type { Page } from '@playwright/test'
import { expect, logIn, test, unusedCustomer } from './fixtures.ts'

test('[CUST-2] [CUST-3] two users edit a customer at once and choose, and a removal is undone in another browser', async ({
  browser,
  page,
  server,
  baseURL,
  javaScriptEnabled,
}) => {
  const enter = async (userId: string) => {
    const context = await browser.newContext({
      ...(baseURL !== undefined && { baseURL }),
      ...(javaScriptEnabled !== undefined && { javaScriptEnabled }),
    })
    const other = await context.newPage()
    await logIn(other, userId)
    return other
  }
  await logIn(page, '2')
  const helen = await enter('5')
  const path = `/customers/${await unusedCustomer(server, 2)}`
  for (const one of [page, helen]) {
    await one.goto(path)
    await one.getByRole('link', { name: 'Edit', exact: true }).click()
  }
  await change(helen, { Contact: 'Chosen by Helen', City: 'Porto' })
  await expect(helen.getByRole('status')).toHaveText('Your changes are saved.')
  await change(page, { Contact: 'Chosen by Jonas', Telephone: '+351 1' })
  await expect(page.getByRole('alert')).toContainText('Helen Okafor changed this customer while you were editing it')
  const contact = page.getByRole('group', { name: 'Contact' })
  await expect(contact.getByText('Stored now: Chosen by Helen')).toBeVisible()
  await contact.getByLabel('Yours: Chosen by Jonas').check()
  await page.getByRole('button', { name: 'Save these values' }).click()
  await expect(page.getByRole('status')).toHaveText('Your choices are saved.')
  for (const text of ['Chosen by Jonas', 'Porto', '+351 1']) await expect(page.locator('.facts')).toContainText(text)

  await page.getByLabel('New note').fill('Prefers calls')
  await page.getByRole('button', { name: 'Add the note' }).click()
  await page.getByText('Record a purchase').click()
  await page.getByLabel('What').last().fill('Signed at the fair')
  await page.getByLabel('Amount in EUR').fill('1,234.50')
  await page.getByRole('button', { name: 'Record the purchase' }).click()
  await expect(page.getByRole('row', { name: /Signed at the fair/ })).toContainText('€1,234.50')
  const name = await page.getByRole('heading', { level: 1 }).textContent()
  await page.getByRole('button', { name: 'Remove' }).click()
  await expect(page.getByText(`${name} is removed.`)).toBeVisible()
  await helen.goto(path)
  await expect(helen.getByRole('link', { name: 'Go to the customers' })).toBeVisible()

  const phone = await enter('2')
  await phone.goto('/customers')
  await phone.getByRole('button', { name: `Undo the removal of ${name}` }).click()
  await expect(phone.getByRole('status').first()).toContainText('The customer is back')
  await phone.goto(path)
  await expect(phone.getByText('Prefers calls')).toBeVisible()
  await expect(phone.getByRole('row', { name: /Signed at the fair/ })).toBeVisible()
  for (const one of [helen, phone]) await one.context().close()
})

test('[CUST-11] the list searches 250 ms after the last key, aborts older searches, and keeps the address and the limit', async ({
  page,
  javaScriptEnabled,
}) => {
  await logIn(page, '5')
  await page.goto('/customers')
  const search = page.getByRole('searchbox', { name: 'Name' })
  const count = page.locator('#count')
  if (javaScriptEnabled === false) {
    await search.fill('lefevre')
    await page.getByRole('button', { name: 'Show' }).click()
    await expect(page).toHaveURL('/customers?q=lefevre')
    return expect(count).not.toHaveText('252 customers')
  }
  // Only the test moves the time of the page.
  await page.clock.install()
  const asked: string[] = []
  page.on('request', (request) => {
    const { pathname, search: query } = new URL(request.url())
    if (pathname === '/customers') asked.push(query)
  })
  await page.goto('/customers')
  await page.clock.pauseAt(Date.now() + 60_000)
  asked.length = 0
  await search.pressSequentially('lef')
  await page.clock.runFor(249)
  expect(asked).toEqual([])

  // The first search stays open until the second one has aborted it.
  await page.route('**/customers?q=lef', () => {})
  const failed = page.waitForEvent('requestfailed')
  await page.clock.runFor(1)
  await search.pressSequentially('evre')
  await page.clock.runFor(250)
  expect(new URL((await failed).url()).search).toBe('?q=lef')
  await expect(page).toHaveURL('/customers?q=lefevre')
  await expect(count).not.toHaveText('252 customers')
  await expect(search).toBeFocused()
  expect(asked).toEqual(['?q=lef', '?q=lefevre'])
  await page.getByLabel('Country').selectOption('France')
  await page.clock.runFor(250)
  await expect(page).toHaveURL('/customers?q=lefevre&country=France')
  await page.reload()
  await expect(search).toHaveValue('lefevre')

  await page.goto('/customers')
  await page.clock.runFor(1)
  await page.getByRole('link', { name: 'Skip to the content' }).press('Enter')
  await search.fill('lefevre')
  await page.clock.runFor(250)
  await expect(page).toHaveURL('/customers?q=lefevre')
  await page.goBack()
  await expect(search).toHaveValue('')
  await expect(count).toHaveText('252 customers')

  const session = await page.evaluate<string>('document.body.dataset.session')
  const body = '<body><div id="results"><p id="live-state"></p></div></body>'
  const results = { contentType: 'text/html', headers: { 'Session-User': session }, body }
  await page.route('**/customers?q=x*', (route) => route.fulfill(results))
  await page.goto('/customers')
  await page.clock.runFor(1)
  asked.length = 0
  for (let searches = 1; searches <= 40; searches += 1) {
    await search.fill('x'.repeat(searches))
    await page.clock.runFor(250)
    await expect.poll(() => asked.length).toBe(searches)
  }
  await search.fill('y')
  await page.clock.runFor(2999)
  const early = asked.length
  await page.clock.runFor(1)
  await expect(page).toHaveURL('/customers?q=y')
  expect(asked.slice(early)).toEqual(['?q=y'])
  await page.route('**/customers?q=y', (route) => route.fulfill({ status: 429, headers: { 'Retry-After': '2' } }))
  await page.getByRole('button', { name: 'Show' }).click()
  await expect(page.locator('#live-state')).toHaveText('Too many searches. This one follows in 2 seconds.')
  // A proxy may refuse without this header.
  await page.route('**/customers?q=y', (route) => route.fulfill({ status: 429 }))
  await page.getByRole('button', { name: 'Show' }).click()
  await expect(page.getByText('Too many searches. This one follows in 60 seconds.')).toHaveRole('status')
})

async function change(page: Page, values: Record<string, string>): Promise<void> {
  for (const [label, value] of Object.entries(values)) await page.getByLabel(label, { exact: true }).fill(value)
  await page.getByRole('button', { name: 'Save the changes' }).click()
}
