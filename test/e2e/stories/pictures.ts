import { join } from 'node:path'
import type { Browser } from '@playwright/test'
import type { Person } from './person.ts'

/** Takes a picture of one or more windows, if this run takes pictures. */
export type Picture = (name: string, ...windows: Shown[]) => Promise<void>

/** A terminal in which a program runs. */
export interface Terminal {
  name: string
  lines: readonly string[]
}

type Shown = Person | Terminal

interface Taken {
  /** The name of the file, without its ending. */
  name: string
  caption: string
  windows: readonly Shown[]
}

/** Only `npm run screenshots` sets the folder. */
const { PICTURES } = process.env
export const isTakingPictures = PICTURES !== undefined

/** The pictures that also exist in dark colours, with the ending `-dark`. */
export const IN_DARK_TOO: readonly string[] = ['login-2-welcome']

/** Pixels of a picture for each pixel of a page. */
export const SCALE = 2

const CANVAS = { width: 1000, height: 620 }
const EDGE = 20
const GAP = 14
const PHONE_WIDTH = 330
const PAGE_HEIGHT = 484
// A window that stands alone shows a wider page. A page below 760 pixels would have the layout of a phone.
const VIEW_WIDTH = { alone: 1120, beside: 760, phone: 390 }

/** Shows the windows side by side below the caption. */
export async function takePicture(browser: Browser, taken: Taken): Promise<void> {
  if (PICTURES === undefined) return
  await takeIn('light', browser, taken, join(PICTURES, `${taken.name}.png`))
  if (IN_DARK_TOO.includes(taken.name)) await takeIn('dark', browser, taken, join(PICTURES, `${taken.name}-dark.png`))
}

type Scheme = 'light' | 'dark'

async function takeIn(colorScheme: Scheme, browser: Browser, { caption, windows }: Taken, path: string): Promise<void> {
  const phones = windows.filter(isPhone).length
  const free = CANVAS.width - 2 * EDGE - GAP * (windows.length - 1) - PHONE_WIDTH * phones
  const laptopWidth = Math.floor(free / (windows.length - phones))
  const viewWidth = windows.length === 1 ? VIEW_WIDTH.alone : VIEW_WIDTH.beside
  const figures: string[] = []
  for (const window of windows) {
    if ('page' in window) await window.page.emulateMedia({ colorScheme })
    if (!('page' in window)) figures.push(terminalWindow(window, laptopWidth))
    else if (isPhone(window)) figures.push(await browserWindow(window, PHONE_WIDTH, VIEW_WIDTH.phone))
    else figures.push(await browserWindow(window, laptopWidth, viewWidth))
  }
  const canvasOptions = { viewport: CANVAS, deviceScaleFactor: SCALE, javaScriptEnabled: false, colorScheme }
  const context = await browser.newContext(canvasOptions)
  const canvas = await context.newPage()
  await canvas.setContent(`<style>${STYLE}</style><p>${escaped(caption)}</p><div>${figures.join('')}</div>`)
  await canvas.screenshot({ path })
  await context.close()
}

/** The page is `viewWidth` wide, and is shown smaller or larger. */
async function browserWindow({ name, page, sight }: Person, width: number, viewWidth: number): Promise<string> {
  await page.setViewportSize({ width: viewWidth, height: Math.round((PAGE_HEIGHT * viewWidth) / width) })
  await page.waitForLoadState()
  await sight?.scrollIntoViewIfNeeded()
  const image = await page.screenshot({ animations: 'disabled', mask: [page.locator('.secret')], maskColor: '#cdd5d9' })
  const { host, pathname, search } = new URL(page.url())
  const place = escaped(host + pathname + decodeURIComponent(search))
  return `<figure style="width:${width}px"><figcaption><b>${escaped(name)}</b><span>${place}</span></figcaption>
    <img alt="" width="${width}" height="${PAGE_HEIGHT}" src="data:image/png;base64,${image.toString('base64')}"></figure>`
}

function terminalWindow({ name, lines }: Terminal, width: number): string {
  return `<figure style="width:${width}px"><figcaption><b>${escaped(name)}</b></figcaption>
    <pre style="height:${PAGE_HEIGHT}px"><code>${escaped(lines.join('\n'))}</code></pre></figure>`
}

function isPhone(window: Shown): boolean {
  return 'device' in window && window.device === 'phone'
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

const STYLE = `
  body { margin: 0; color-scheme: light dark; background: light-dark(#dfe5e3, #070b0e); color: light-dark(#1c2530, #e7ecef);
    font: 16px/1.4 sans-serif }
  p { margin: 0 ${EDGE}px; height: 66px; display: flex; align-items: center; font-size: 20px; font-weight: bold }
  div { display: flex; gap: ${GAP}px; margin: 0 ${EDGE}px }
  figure { margin: 0; border-radius: 10px; overflow: hidden; background: #fff; box-shadow: 0 2px 10px rgb(28 37 48 / 25%) }
  figcaption { display: flex; align-items: center; gap: 12px; height: 40px; padding: 0 12px; background: #2d3841; color: #fff }
  figcaption span { flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
    padding: 2px 12px; border-radius: 12px; background: #11171c; color: #c6d0d6; font-size: 13px }
  img { display: block }
  /* A terminal is filled from its top, and shows its last lines when it is full. */
  pre { box-sizing: border-box; display: flex; flex-direction: column-reverse; margin: 0; padding: 14px; overflow: hidden;
    background: #11171c; color: #e7ecef }
  code { margin-bottom: auto; font: 14px/1.5 monospace; white-space: pre-wrap; overflow-wrap: anywhere }
`
