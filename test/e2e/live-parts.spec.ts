import type { Locator, Page } from '@playwright/test'
import { expect, logIn, sendLogin, test, unusedCustomer } from './fixtures.ts'

test('[LIVE-1] [LIVE-3] [CUST-12] notes and an undo change their part of the page, and the browser stores no page', async ({
  page,
  server,
  javaScriptEnabled,
}) => {
  const isLive = javaScriptEnabled !== false
  await logIn(page, '2')
  await page.goto(`/customers/${await unusedCustomer(server, 2)}`)
  const isSamePage = await markPage(page)
  const what = page.getByLabel('What').first()
  await what.fill('half a word')
  await page.getByLabel('New note').fill('Prefers calls <b>')
  await page.getByRole('button', { name: 'Add the note' }).click()
  await expect(page.locator('#toast')).toHaveText('The note is added.')
  const note = page.getByRole('listitem').filter({ hasText: 'Prefers calls <b>' })
  await expect(note).toContainText('Jonas Keller')
  await expect(page.getByLabel('New note')).toHaveValue('')
  expect(await isSamePage()).toBe(isLive)
  if (isLive) {
    await expect(page.getByRole('button', { name: 'Add the note' })).toBeFocused()
    await expect(what).toHaveValue('half a word')
  }
  await page.getByLabel('New note').fill('half a note')
  await deleteNote(page, note)
  await expect(page.locator('#toast')).toHaveText('The note is deleted.')
  await expect(note).toHaveCount(0)
  expect(await isSamePage()).toBe(isLive)
  if (isLive) await expect(page.getByLabel('New note')).toHaveValue('half a note')

  await page.getByRole('button', { name: 'Remove' }).click()
  await expect(page.getByText('You can undo this until')).toBeVisible()
  const count = page.locator('#count')
  const before = Number.parseInt(String(await count.textContent()), 10)
  const isSameList = await markPage(page)
  await page.getByRole('button', { name: 'Undo the removal of' }).click()
  await expect(page.locator('#toast')).toContainText('The customer is back')
  await expect(count).toHaveText(`${before + 1} customers`)
  await expect(page.getByText('You can undo this until')).toHaveCount(0)
  expect(await isSameList()).toBe(isLive)
  const stored = await page.evaluate<string>(
    'JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state])',
  )
  expect(stored).not.toMatch(/customer|Jonas|</i)
})

test('[LIVE-2] after another login or the end of the session, a part is never exchanged, and the answer is shown as a page', async ({
  context,
  server,
  javaScriptEnabled,
}) => {
  const page = await context.newPage()
  // The page does not notice by itself that its session has changed.
  await page.route('**/session/events', () => {})
  await logIn(page, '2')
  await page.goto('/customers')
  const other = await context.newPage()
  await other.goto('/authenticate.shtml')
  await sendLogin(other, 5)
  await expect(other.getByRole('heading', { level: 1 })).toContainText('Welcome')
  await search(page, 'a')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('All customers')

  await page.goto(`/customers/${await unusedCustomer(server, 2)}`)
  await other.goto('/authenticate.shtml')
  await sendLogin(other, 2)
  await expect(other.getByRole('heading', { level: 1 })).toContainText('Welcome')
  await page.getByLabel('New note').fill('Typed as Helen')
  await page.getByRole('button', { name: 'Add the note' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('You are signed in as Jonas Keller')
  await expect(page.getByRole('main')).toContainText('Typed as Helen')
  await other.close()

  if (javaScriptEnabled !== false) await refuseDeletions(page)

  await page.goto('/customers')
  await server.parts.sessions?.endMany({ userId: '2' }, 'revoked', { message: 'Good night' })
  await search(page, 'b')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Log In')
  await expect(page.getByText('Good night')).toBeVisible()

  async function search(list: Page, text: string): Promise<void> {
    await list.getByRole('searchbox', { name: 'Name' }).fill(text)
    if (javaScriptEnabled === false) await list.getByRole('button', { name: 'Show' }).click()
  }
})

test('[LIVE-2] after another login, an answer to the first user is no longer shown', { tag: '@script' }, async ({
  context,
}) => {
  const page = await context.newPage()
  await logIn(page, '2')
  await page.goto('/customers')
  const customer = page.getByRole('table').getByRole('link', { name: 'Vantor' })
  await page.route('**/customers?q=vantor', async (route) => {
    if (route.request().isNavigationRequest()) return route.continue()
    const response = await route.fetch()
    const other = await context.newPage()
    await other.goto('/authenticate.shtml')
    await sendLogin(other, 4)
    await page.bringToFront()
    await expect(page.getByRole('alert')).toContainText('another user has logged in')
    await route.fulfill({ response })
  })
  await page.getByRole('searchbox', { name: 'Name' }).fill('vantor')
  await expect(page.getByText('No customer matches these filters.')).toBeVisible()
  await expect(customer).toHaveCount(0)
})

/** Refuses to delete a note whose form has been replaced, and expects the answer as a page. Then answers nothing. */
async function refuseDeletions(page: Page): Promise<void> {
  await page.goBack()
  await addNote(page, 'First')
  await page.route('**/notes/*/delete', async (route) => {
    if (route.request().isNavigationRequest()) return route.continue()
    await page.keyboard.press('Escape')
    await addNote(page, 'Second')
    await route.fulfill({ status: 503 })
  })
  const isSamePage = await markPage(page)
  await deleteNote(page, page.getByRole('listitem').filter({ hasText: 'First' }))
  await expect(page.locator('#toast')).toHaveText('The note is deleted.')
  expect(await isSamePage()).toBe(false)

  await page.route('**/notes/*/delete', (route) => route.abort())
  const note = page.getByRole('listitem').filter({ hasText: 'Second' })
  await deleteNote(page, note)
  await expect(page.getByRole('alert')).toHaveText('The server did not answer. Try again.')
  await expect(note.getByRole('dialog')).toHaveCount(0)
  await expect(note.getByRole('button')).toBeFocused()
}

async function addNote(page: Page, text: string): Promise<void> {
  await page.getByLabel('New note').fill(text)
  await page.getByRole('button', { name: 'Add the note' }).click()
  await expect(page.getByRole('listitem').filter({ hasText: text })).toBeVisible()
}

async function deleteNote(page: Page, note: Locator): Promise<void> {
  await note.getByRole('button', { name: 'Delete the note of Jonas Keller' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete the note' }).click()
}

/** Returns a function that tells whether the browser has loaded no other page since. */
async function markPage(page: Page): Promise<() => Promise<boolean>> {
  await page.evaluate('window.isMarked = true')
  return () => page.evaluate<boolean>('window.isMarked === true')
}
