import type { Locator, Page } from '@playwright/test'
import { expect } from './fixtures.ts'

const MOST_STEPS = 80

/** Presses Tab until the element has the focus. Every element on the way must show that it has the focus. */
export async function tabTo(page: Page, wanted: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let steps = 0; steps < MOST_STEPS; steps += 1) {
    if (await wanted.evaluate((element) => element === element.ownerDocument.activeElement)) return
    await pressTab(page, key)
  }
  await expect(wanted).toBeFocused()
}

/** Presses Tab once, and checks the element that has the focus then. */
export async function pressTab(page: Page, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  await page.keyboard.press(key)
  expect(await page.evaluate<string>(FAULT_OF_FOCUS)).toBe('')
}

// At least one of nine points of the visible part must belong to the element (WCAG 2.4.11).
const FAULT_OF_FOCUS = `(() => {
  const element = document.activeElement
  const name = element.outerHTML.slice(0, 120)
  if (element === document.body) return 'the focus has left the page'
  const { left, right, top, bottom, width, height } = element.getBoundingClientRect()
  if (width <= 1 || height <= 1) return 'an element that cannot be seen has the focus: ' + name
  const { outlineStyle, outlineWidth, outlineColor } = getComputedStyle(element)
  if (outlineStyle === 'none' || parseFloat(outlineWidth) < 2 || outlineColor.endsWith(', 0)'))
    return 'nothing shows the focus of ' + name
  const [x, y] = [Math.max(left, 0), Math.max(top, 0)]
  const [wide, high] = [Math.min(right, innerWidth) - x, Math.min(bottom, innerHeight) - y]
  if (wide <= 0 || high <= 0) return 'outside the window: ' + name
  const parts = [0.1, 0.5, 0.9]
  const points = parts.flatMap((across) => parts.map((down) => [x + across * wide, y + down * high]))
  return points.some((point) => element.contains(document.elementFromPoint(...point))) ? '' : 'covered: ' + name
})()`
