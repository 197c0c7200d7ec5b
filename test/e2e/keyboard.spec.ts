import type { Browser, Locator, Page } from '@playwright/test'
import type { RunningServer } from '../../src/process/server.ts'
import { discountSummary, expect, expectNarrow, isDiscountFolded, sendLogin, test, unfoldDiscount } from './fixtures.ts'
import { pressTab, tabTo } from './keyboard.ts'

test('[AXE-4] a salesperson logs in, finds a customer, asks for a discount and logs out with the keyboard alone', async ({
  page,
}) => {
  await page.goto('/customers')
  await expect(page.getByLabel('userId')).toBeFocused()
  await page.keyboard.type('1')
  await tabTo(page, page.getByLabel('Password'))
  await page.keyboard.type('crm-demo')
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('Your customers')

  await page.keyboard.press('Tab')
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('main')).toBeFocused()
  await tabTo(page, page.getByLabel('Sort by'))
  await page.keyboard.type('Tot')
  await tabTo(page, page.getByRole('button', { name: 'Show' }))
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/sort=total/)
  await tabTo(page, page.locator('tbody').getByRole('link').first())
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 2, name: 'Purchases' })).toBeVisible()

  if (await isDiscountFolded(page)) {
    await tabTo(page, discountSummary(page))
    await page.keyboard.press('Enter')
  }
  await tabTo(page, page.getByLabel('Per cent'))
  await page.keyboard.press('Control+a')
  await page.keyboard.type('15')
  await tabTo(page, page.getByText('How the platform calls back').first())
  await page.keyboard.press('Enter')
  await tabTo(page, page.getByRole('radio', { name: /^\$4DSID/ }))
  await page.keyboard.press('ArrowDown')
  await expect(page.getByRole('radio', { name: /^state/ })).toBeChecked()
  await tabTo(page, page.getByRole('button', { name: 'Ask for approval' }))
  await page.keyboard.press('Enter')
  await expect(page.getByRole('heading', { level: 1 })).toHaveText('15% discount')

  await tabTo(page, page.getByRole('button', { name: 'Log out' }))
  await page.keyboard.press('Enter')
  await expect(page.getByRole('banner').getByRole('link', { name: 'Log In' })).toBeVisible()
})

// A window of 1280 × 1024 pixels, as in the rule of WCAG for reflow.
for (const zoom of [2, 4])
  test(`[AXE-5] at a zoom of ${zoom * 100} %, the same steps work without horizontal scrolling`, async ({
    browser,
    baseURL,
  }) => {
    const page = await zoomedPage(browser, { zoom, height: 1024, baseURL })
    await page.goto('/customers')
    await expectNarrow(page)
    await sendLogin(page, 2)
    await expect(page.getByRole('heading', { level: 1 })).toBeInViewport()
    await expectNarrow(page)
    await page.getByLabel('Sort by').selectOption({ label: 'Total purchases' })
    await page.getByRole('button', { name: 'Show' }).click()
    await expect(page).toHaveURL(/sort=total/)
    await page.locator('tbody').getByRole('link').first().click()
    await expectNarrow(page)
    await unfoldDiscount(page)
    await page.getByRole('button', { name: 'Ask for approval' }).click()
    await expect(page.getByRole('status')).toContainText('waiting')
    await expectNarrow(page)
    await page.getByRole('button', { name: 'Log out' }).click()
    await expect(page.getByRole('banner').getByRole('link', { name: 'Log In' })).toBeInViewport()
    await page.context().close()
  })

// A window of 1280 × 800 pixels. The test above has no zoom.
for (const zoom of [2, 4])
  test(`[AXE-6] [AXE-7] [AXE-8] at a zoom of ${zoom * 100} %, the keyboard alone is enough to add, edit, remove and restore a customer, and to add a note and a purchase`, async ({
    browser,
    server,
    baseURL,
  }) => {
    const page = await zoomedPage(browser, { zoom, height: 800, baseURL })
    const name = `Keyboard ${zoom} GmbH`
    const main = page.getByRole('main')
    const heading = main.getByRole('heading', { level: 1 })

    await page.goto('/authenticate.shtml?next=%2Fcustomers')
    await page.keyboard.type('3')
    await tabTo(page, page.getByLabel('Password'))
    await page.keyboard.type('crm-demo')
    await page.keyboard.press('Enter')
    await press(page, main.getByRole('link', { name: 'Add a customer' }))
    await expect(heading).toHaveText('Add a customer')
    await expectNarrow(page)

    const texts = {
      Name: ' ',
      Industry: 'Toys',
      City: 'Porto',
      Country: 'Portugal',
      Contact: 'Rui',
      'E-mail': 'r@x.pt',
    }
    for (const [label, text] of Object.entries({ ...texts, Telephone: '+351 1' }))
      await type(page, main.getByLabel(label), text)
    await page.keyboard.press('Enter')
    await expect(main.getByRole('alert')).toContainText('Nothing is saved yet')
    await expect(main.getByLabel('Name')).toBeFocused()
    await expectNarrow(page)
    await type(page, main.getByLabel('Name'), name)
    await page.keyboard.press('Enter')
    await closeMessage(page, 'The customer is added.')
    await expect(heading).toHaveText(name)
    await expectNarrow(page)

    await press(page, main.getByRole('link', { name: 'Edit', exact: true }))
    await type(page, main.getByLabel('City'), 'Faro')
    await changeCity(server, name)
    await page.keyboard.press('Enter')
    await expect(main.getByRole('alert')).toContainText('changed this customer while you were editing it')
    await expect(main.getByRole('alert')).toBeFocused()
    await expectNarrow(page)
    await pressTab(page)
    await page.keyboard.press('Space')
    await expect(main.getByRole('radio', { name: 'Yours: Faro' })).toBeChecked()
    await press(page, main.getByRole('button', { name: 'Save these values' }))
    await closeMessage(page, 'Your choices are saved.')

    const notes = main.getByRole('region', { name: 'Notes' })
    await type(page, notes.getByLabel('New note'), 'Prefers calls')
    await press(page, notes.getByRole('button', { name: 'Add the note' }))
    const note = notes.getByRole('listitem').filter({ hasText: 'Prefers calls' })
    await expect(note).toBeVisible()
    await expectFocusNear(page, notes)
    await expectNarrow(page)
    await press(page, note.getByRole('button', { name: /^Delete/ }))
    await page.keyboard.press('Escape')
    await expect(note.getByRole('button', { name: /^Delete/ })).toBeFocused()

    const purchases = main.getByRole('region', { name: 'Purchases' })
    await press(page, purchases.getByText('Record a purchase'))
    await type(page, purchases.getByLabel('What'), 'Kites')
    await type(page, purchases.getByLabel('Amount'), '0')
    await page.keyboard.press('Enter')
    await expect(main.getByRole('alert')).toContainText('Nothing is saved yet')
    await expect(purchases.getByLabel('Amount')).toBeFocused()
    await type(page, purchases.getByLabel('Amount'), '250')
    await page.keyboard.press('Enter')
    await expect(purchases.getByRole('row', { name: /Kites/ })).toContainText('€250.00')
    await expectFocusNear(page, purchases)
    await expectNarrow(page)

    await tabTo(page, main.getByRole('button', { name: 'Remove' }), 'Shift+Tab')
    await page.keyboard.press('Enter')
    await expect(main.getByText(`${name} is removed.`)).toBeVisible()
    await expectNarrow(page)
    const undo = main.getByRole('button', { name: `Undo the removal of ${name}` })
    await expectFocusNear(page, undo)
    await press(page, undo)
    await expect(page.getByRole('status').filter({ hasText: 'The customer is back' })).toBeFocused()
    await expectNarrow(page)
    // The message stays open above all the other elements of the page.
    await tabTo(page, page.getByRole('contentinfo').getByRole('button').last())
    await page.context().close()
  })

/** A page in a window that is 1280 pixels wide and `height` pixels high without zoom. */
async function zoomedPage(
  browser: Browser,
  { zoom, height, baseURL }: { zoom: number; height: number; baseURL: string | undefined },
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1280 / zoom, height: height / zoom },
    deviceScaleFactor: zoom,
    ...(baseURL !== undefined && { baseURL }),
  })
  return context.newPage()
}

async function press(page: Page, wanted: Locator): Promise<void> {
  await tabTo(page, wanted)
  await page.keyboard.press('Enter')
}

async function type(page: Page, field: Locator, text: string): Promise<void> {
  await tabTo(page, field)
  await page.keyboard.press('ControlOrMeta+A')
  await page.keyboard.type(text)
}

/** The message has the focus, and the next element is its button. */
async function closeMessage(page: Page, text: string): Promise<void> {
  const message = page.getByRole('status').filter({ hasText: text })
  await expect(message).toBeFocused()
  await pressTab(page)
  await expect(page.getByRole('button', { name: 'Close' })).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(message).toBeHidden()
}

/** The next Tab reaches the element or what is in it. */
async function expectFocusNear(page: Page, part: Locator): Promise<void> {
  await pressTab(page)
  expect(await part.evaluate((element) => element.contains(element.ownerDocument.activeElement))).toBe(true)
}

/** Another user changes the customer. */
async function changeCity({ parts: { database } }: RunningServer, name: string): Promise<void> {
  await database
    .updateTable('customers')
    .set((row) => ({
      city: 'Lisbon',
      version: row('version', '+', 1),
      changed_by: 5,
      changed_at: new Date().toISOString(),
    }))
    .where('name', '=', name)
    .execute()
}
