import type { BrowserContext, Cookie, Locator, Page, Request } from '@playwright/test'
import { expect, expectNarrow } from '../fixtures.ts'

export type Device = 'laptop' | 'phone'

/** A person at a browser. Each verb finds what it needs by the words on the page. */
export class Person {
  readonly name: string
  readonly page: Page
  readonly device: Device
  /** What the person looks at. A picture shows this part of the page. */
  sight: Locator | undefined
  readonly #hasScripts: boolean

  constructor(name: string, page: Page, { device = 'laptop' as Device, hasScripts = true } = {}) {
    this.name = name
    this.page = page
    this.device = device
    this.#hasScripts = hasScripts
  }

  get browser(): BrowserContext {
    return this.page.context()
  }

  async opens(path: string): Promise<void> {
    this.sight = undefined
    await this.page.goto(path)
  }

  /** A new tab, because a page that reloads by itself could cancel the navigation. */
  async opensTab(path: string): Promise<Person> {
    const tab = this.#at(await this.browser.newPage())
    await tab.opens(path)
    return tab
  }

  /** A page without JavaScript changes only when the person asks for it again. */
  async looksAgain(path: string): Promise<void> {
    if (!this.#hasScripts) await this.opens(path)
  }

  async reloads(): Promise<void> {
    await this.page.reload()
  }

  async goesBack(): Promise<void> {
    await this.page.goBack()
  }

  async fillsIn(fields: Record<string, string>): Promise<void> {
    for (const [label, text] of Object.entries(fields)) {
      this.sight = this.#field(label)
      await this.sight.fill(text)
    }
  }

  async chooses(label: string, option: string): Promise<void> {
    await this.#field(label).selectOption(option)
  }

  async unfolds(text: string | RegExp): Promise<void> {
    const summary = this.page.locator('summary').filter({ hasText: text }).first()
    const isOpen = (await summary.locator('xpath=..').getAttribute('open')) !== null
    if (!isOpen) await summary.click()
  }

  async picks(choice: RegExp): Promise<void> {
    await this.page.getByRole('radio', { name: choice }).check()
  }

  async presses(button: string): Promise<void> {
    this.sight = undefined
    await this.page.getByRole('button', { name: button, exact: true }).click()
  }

  async follows(link: string): Promise<void> {
    this.sight = undefined
    await this.page.getByRole('link', { name: link }).first().click()
  }

  /** Follows a link that opens another tab. */
  async followsToTab(link: string, name = this.name): Promise<Person> {
    const opening = this.browser.waitForEvent('page')
    await this.follows(link)
    return this.#at(await opening, name)
  }

  async logsIn(userId: string, password = 'crm-demo'): Promise<void> {
    await this.fillsIn({ userId, Password: password })
    await this.presses('Log In')
  }

  async logsOut(): Promise<void> {
    await this.presses('Log out')
    await expect(this.page.getByRole('banner').getByRole('link', { name: 'Log in' })).toBeVisible()
  }

  async sees(heading: string | RegExp): Promise<void> {
    await expect(this.page.getByRole('heading', { level: 1 })).toHaveText(heading)
  }

  async reads(text: string | RegExp): Promise<void> {
    await expect(this.page.locator('body')).toContainText(text)
  }

  async doesNotRead(text: string): Promise<void> {
    await expect(this.page.locator('body')).not.toContainText(text)
  }

  /** The page tells a result or a state. */
  async isTold(text: string | RegExp): Promise<void> {
    await expect(this.page.getByRole('status').filter({ hasText: text })).toBeVisible()
  }

  /** The page refuses what the person entered. */
  async isRefused(text: string): Promise<void> {
    await expect(this.page.getByRole('alert')).toHaveText(text)
  }

  /** Opens the mailbox of the demo, and returns the link in the newest mail to an address. */
  async readsMailTo(address: string): Promise<string> {
    await this.opens('/dev/mailbox')
    await this.unfolds(address)
    const mail = this.page.locator('details').filter({ hasText: address }).first()
    this.sight = mail.getByRole('link', { name: 'Open the link' })
    return String(await this.sight.getAttribute('href'))
  }

  /** The code at the end of a sentence. */
  async readsCode(sentence: RegExp): Promise<string> {
    return String(await this.page.getByText(sentence).locator('code').textContent())
  }

  async fitsOnTheScreen(): Promise<void> {
    await expectNarrow(this.page)
  }

  async isAt(address: RegExp): Promise<void> {
    await expect(this.page).toHaveURL(address)
  }

  async copies(label: string): Promise<string> {
    return this.#field(label).inputValue()
  }

  async receives(cookies: Cookie[]): Promise<void> {
    await this.browser.addCookies(cookies)
  }

  /** Starts to note the requests to another host. The result returns the cookies that they carried. */
  cookiesSentTo(url: string): () => Promise<string[]> {
    const requests: Request[] = []
    this.browser.on('request', (request) => {
      if (new URL(request.url()).port === new URL(url).port) requests.push(request)
    })
    return async () => {
      expect(requests.length).toBeGreaterThan(0)
      const headers = await Promise.all(requests.map((request) => request.allHeaders()))
      return headers.flatMap(({ cookie }) => cookie ?? [])
    }
  }

  /** The value of the session's cookie. */
  async sessionCookie(): Promise<string> {
    const cookies = (await this.browser.cookies()).filter(({ name }) => name.includes('4DSID_'))
    expect(cookies, 'one session cookie').toHaveLength(1)
    return String(cookies[0]?.value)
  }

  /** The links in the list below a heading. */
  async listBelow(heading: string): Promise<string[]> {
    return this.page.getByRole('region', { name: heading }).getByRole('listitem').getByRole('link').allTextContents()
  }

  /** The link in the first row of the table. */
  async firstInTable(): Promise<string> {
    return String(await this.page.locator('tbody').getByRole('link').first().textContent())
  }

  async sessionId(): Promise<string> {
    const [id = ''] = (await this.sessionCookie()).split('.')
    return id
  }

  #field(label: string): Locator {
    return this.page.locator('input, select, textarea').and(this.page.getByLabel(label)).first()
  }

  #at(page: Page, name = this.name): Person {
    return new Person(name, page, { device: this.device, hasScripts: this.#hasScripts })
  }
}
