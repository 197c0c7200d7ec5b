import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test as base, type ConsoleMessage, expect, type Page } from '@playwright/test'
import { type RunningServer, startServer } from '../../src/process/server.ts'

/** Walkthroughs with their own server; any error or warning in the browser fails them. */
export const test = base.extend<{ quietBrowser: undefined }, { server: RunningServer }>({
  server: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the fixtures that are wanted from this pattern
    async ({}, use) => {
      const folder = mkdtempSync(join(tmpdir(), 'crm-e2e-'))
      const databaseUrl = `sqlite:${join(folder, 'crm.sqlite')}`
      const env = { DATABASE_URL: databaseUrl, PORT: '0', BCRYPT_COST: '4', LOG_LEVEL: 'error' }
      const server = await startServer({ env })
      await use(server)
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
    { scope: 'worker' },
  ],

  baseURL: async ({ server }, use) => use(server.url),

  quietBrowser: [
    async ({ page }, use) => {
      const complaints: string[] = []
      page.on('pageerror', (error) => complaints.push(error.message))
      page.on('console', (message) => {
        if (message.type() === 'error' && !isRefusedPage(message, page.url())) complaints.push(message.text())
      })
      await use(undefined)
      expect(complaints).toEqual([])
    },
    { auto: true },
  ],
})

/** Chromium reports a page that is answered with 4xx as an error of its own: the walkthroughs ask for some on purpose. */
function isRefusedPage(message: ConsoleMessage, pageUrl: string): boolean {
  return /^Failed to load resource: .* status of 4\d\d/.test(message.text()) && message.location().url === pageUrl
}

/**
 * Opens a path in a new tab of the same browser. Use it to leave a page that reloads by itself: a reload would interrupt the
 * navigation.
 */
export async function inNewTab(page: Page, path: string): Promise<Page> {
  const tab = await page.context().newPage()
  await tab.goto(path)
  return tab
}

/** No page is wider than the screen. Retries after a page reloads by itself. */
export async function expectNarrow(page: Page): Promise<void> {
  await expect(async () => {
    const width = await page.evaluate<number>('document.documentElement.scrollWidth')
    expect(width, page.url()).toBeLessThanOrEqual(page.viewportSize()?.width ?? 0)
  }).toPass({ timeout: 10_000 })
}

export { expect }
