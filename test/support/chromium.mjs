import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium } from '@playwright/test'
import { isExecutable } from './servers/find-program.ts'

// The headless shell comes first, because it needs half as much CPU time as a full browser.
const NAMES = [
  'chromium-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'chrome',
]
const BUNDLES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** The path of a browser: CHROMIUM_PATH, an installed browser, or Playwright's browser. `undefined`: there is none. */
export function findChromium(env = process.env) {
  const wanted = env.CHROMIUM_PATH || env.PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH
  if (wanted) {
    if (isExecutable(wanted)) return wanted
    throw new Error(`CHROMIUM_PATH names no program that can be run: ${wanted}`)
  }
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean)
  const candidates = [...folders.flatMap((folder) => NAMES.map((name) => join(folder, name))), ...BUNDLES]
  return candidates.find(isExecutable) ?? playwrightsOwn()
}

/** Chromium's sandbox does not work for root. */
export function launchOptions(env = process.env) {
  const executablePath = findChromium(env)
  return {
    ...(executablePath === undefined ? {} : { executablePath }),
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  }
}

function playwrightsOwn() {
  const path = chromium.executablePath()
  return path && existsSync(path) ? path : undefined
}
