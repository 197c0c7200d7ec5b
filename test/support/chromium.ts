import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { chromium, type LaunchOptions } from '@playwright/test'
import { isExecutable } from './servers/find-program.ts'

const SHELL = 'chromium-headless-shell'
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']
const BUNDLES = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
]

/** The path of a browser: CHROMIUM_PATH, an installed browser, or Playwright's browser. `undefined`: there is none. */
export function findChromium(env = process.env): string | undefined {
  // The headless shell comes first, because it needs half as much CPU time as a full browser.
  return chosen(env) ?? installed([SHELL, ...NAMES], env)
}

/** Like `findChromium`, but never a headless shell, which has no back/forward cache and no settings for cookies. */
export function findFullChromium(env = process.env): string | undefined {
  const path = chosen(env)
  return path && !/headless[-_]shell/.test(path) ? path : installed(NAMES, env)
}

/** Chromium's sandbox does not work for root. */
export function launchOptions(executablePath = findChromium()): LaunchOptions {
  return {
    ...(executablePath === undefined ? {} : { executablePath }),
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  }
}

function chosen(env: NodeJS.ProcessEnv): string | undefined {
  const path = env.CHROMIUM_PATH || env.PLAYWRIGHT_CHROMIUM_EXECUTABLE_PATH
  if (path && !isExecutable(path)) throw new Error(`CHROMIUM_PATH names no program that can be run: ${path}`)
  return path
}

function installed(names: readonly string[], env: NodeJS.ProcessEnv): string | undefined {
  const folders = (env.PATH ?? '').split(delimiter).filter(Boolean)
  const candidates = [...folders.flatMap((folder) => names.map((name) => join(folder, name))), ...BUNDLES]
  return candidates.find(isExecutable) ?? playwrightsOwn()
}

function playwrightsOwn(): string | undefined {
  const path = chromium.executablePath()
  return path && existsSync(path) ? path : undefined
}
