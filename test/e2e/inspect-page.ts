import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { CDPSession, Page } from '@playwright/test'

const WIDTHS = [320, 480, 640, 650, 700, 768, 817, 835, 1024, 1280, 1400]
const PHONE = { width: 375, height: 812 }
const DESKTOP = { width: 1280, height: 800 }
const SCREENS = [
  [PHONE, 'light'],
  [DESKTOP, 'dark'],
] as const
const MOST_BYTES = 100_000
const MOST_BYTES_OF_DOCS = 500_000
const MOST_LAYOUT_SHIFT = 0.02

/** Opens pages and returns what is wrong with them. */
export class PageInspector {
  readonly #page: Page
  readonly #cdp: CDPSession
  #bytes = 0

  private constructor(page: Page, cdp: CDPSession) {
    this.#page = page
    this.#cdp = cdp
    cdp.on('Network.loadingFinished', ({ encodedDataLength }) => {
      this.#bytes += encodedDataLength
    })
  }

  static async of(page: Page): Promise<PageInspector> {
    const cdp = await page.context().newCDPSession(page)
    await cdp.send('Network.enable')
    return new PageInspector(page, cdp)
  }

  /** Opens a page with an empty cache. Checks the transferred bytes, the hosts and the layout shift. */
  async open(path: string): Promise<string[]> {
    const hosts = new Set<string>()
    const complaints: string[] = []
    const onRequest = (request: { url(): string }) => hosts.add(new URL(request.url()).host)
    await this.#cdp.send('Network.setCacheDisabled', { cacheDisabled: true })
    this.#page.on('request', onRequest)
    for (const viewport of [PHONE, DESKTOP]) {
      await this.#page.setViewportSize(viewport)
      this.#bytes = 0
      await this.#page.goto(path)
      const shift = await this.#page.evaluate<number>(LAYOUT_SHIFT)
      if (shift >= MOST_LAYOUT_SHIFT) complaints.push(`${path}: layout shift of ${shift} at ${viewport.width} px`)
    }
    const bytes = this.#bytes
    this.#page.off('request', onRequest)
    await this.#cdp.send('Network.setCacheDisabled', { cacheDisabled: false })
    const others = [...hosts].filter((host) => host !== new URL(this.#page.url()).host)
    return [
      ...complaints,
      ...(bytes > (path === '/api/docs' ? MOST_BYTES_OF_DOCS : MOST_BYTES) ? [`${path}: ${bytes} bytes`] : []),
      ...others.map((host) => `${path}: a request to ${host}`),
    ]
  }

  /** Checks the shown page on all widths, and with axe on a phone in the light theme and on a desktop in the dark one. */
  async look(what: string): Promise<string[]> {
    const complaints: string[] = []
    for (const width of WIDTHS) {
      await this.#page.setViewportSize({ width, height: 800 })
      const needed = await this.#page.evaluate<number>('document.documentElement.scrollWidth')
      if (needed > width) complaints.push(`${what}: scrolls sideways at ${width} px, because it needs ${needed} px`)
    }
    for (const [viewport, colorScheme] of SCREENS) {
      await this.#page.setViewportSize(viewport)
      await this.#page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      for (const { id, targets } of await violations(this.#page))
        complaints.push(...targets.map((target) => `${what}: ${id} at ${viewport.width} px, ${colorScheme}: ${target}`))
    }
    return complaints
  }
}

const LAYOUT_SHIFT = `new Promise((done) => {
  let sum = 0
  new PerformanceObserver((list) => {
    for (const { value } of list.getEntries()) sum += value
  }).observe({ type: 'layout-shift', buffered: true })
  requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(() => done(sum), 50)))
})`

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

interface Violation {
  id: string
  targets: string[]
}

/** Returns what axe finds wrong with the shown page, or with a part of it, after its transitions. */
export function violations(page: Page, part = 'html'): Promise<Violation[]> {
  return page.evaluate<Violation[]>(`(async () => {
    if (!window.axe) { ${AXE} }
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    await Promise.allSettled(document.getAnimations().map(({ finished }) => finished))
    const options = { rules: { 'target-size': { enabled: true } }, resultTypes: ['violations'], preload: false }
    const { violations } = await axe.run('${part}', options)
    return violations.map(({ id, nodes }) => ({ id, targets: nodes.map(({ target }) => target.join(' ')) }))
  })()`)
}
