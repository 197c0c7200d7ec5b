import { basename } from 'node:path'
import type { RunningServer } from '../../../src/process/server.ts'
import { test as base } from '../fixtures.ts'
import { startFixedDemo } from './fixed-demo.ts'
import { type Device, Person } from './person.ts'
import { isTakingPictures, type Picture, SCALE, takePicture } from './pictures.ts'

interface Story {
  demo: RunningServer
  /** A person at a browser of their own. */
  person: (name: string, device?: Device) => Promise<Person>
  /** A step of the story. Its sentence is the caption of its pictures. */
  step: <Result>(sentence: string, body: (picture: Picture) => Promise<Result>) => Promise<Result>
}

const PHONE = {
  viewport: { width: 360, height: 560 },
  userAgent:
    'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1',
}

/** A test that reads like a story. `npm run screenshots` takes its pictures; other runs take none. */
export const test = base.extend<Story>({
  demo: async ({ server }, use, { file }) => {
    if (!isTakingPictures) return use(server)
    const demo = await startFixedDemo(basename(file))
    await use(demo)
    await demo.stop()
  },

  // The links in mail use localhost, and cookies belong to one host name.
  baseURL: async ({ demo }, use) => use(demo.url.replace('127.0.0.1', 'localhost')),

  deviceScaleFactor: async ({ deviceScaleFactor }, use) => use(isTakingPictures ? SCALE : deviceScaleFactor),

  person: async ({ page, browser, javaScriptEnabled: hasScripts = true }, use) => {
    const contexts: { close(): Promise<void> }[] = []
    let isFirst = true
    await use(async (name, device = 'laptop') => {
      if (isFirst) {
        isFirst = false
        return new Person(name, page, { device, hasScripts })
      }
      const context = await browser.newContext(device === 'phone' ? PHONE : {})
      contexts.push(context)
      return new Person(name, await context.newPage(), { device, hasScripts })
    })
    for (const context of contexts) await context.close()
  },

  step: async ({ browser }, use) =>
    use((sentence, body) =>
      base.step(sentence, () => body((name, ...windows) => takePicture(browser, { name, caption: sentence, windows }))),
    ),
})

/** Marks a test that has no pictures, so `npm run screenshots` leaves it out. */
export const VARIANT = { tag: '@variant' }

export { expect } from '../fixtures.ts'
