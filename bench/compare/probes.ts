import { setTimeout as pause } from 'node:timers/promises'
import { Browser } from './browser.ts'

/**
 * The result of one run of a probe. The table shows the result with the highest `badness` of all runs. If the server
 * passes the probe, `badness` is 0.
 */
export interface Finding {
  shown: string
  badness: number
}

export interface Probe {
  /** The heading of the probe's column. */
  title: string
  /** What the probe does, in a few sentences. */
  method: string
  /** Set if the probe does not apply to a library that keeps all data in the cookie. */
  needsStore?: true
  run(browser: Browser): Promise<Finding>
}

const PARALLEL_WRITES = 20
const READS = 10
// Probes wait this long after a response, because some libraries send a response before they have saved the session.
const SETTLE_MILLISECONDS = 25

const MAY_BE_HELD = ['before', 'after'] as const
let holds = 0

export const PROBES = {
  keptWrites: {
    title: `writes kept of ${PARALLEL_WRITES}`,
    method: `A signed-in browser sends ${PARALLEL_WRITES} writes at once. Each write adds an item to the session. The probe then counts the items.`,
    async run(browser) {
      await signIn(browser)
      const items = Array.from({ length: PARALLEL_WRITES }, (_, nth) => `item${nth}`)
      // Opens all connections first, so that the writes arrive together.
      await Promise.all(items.map(() => browser.page()))
      await settle()
      await Promise.all(items.map((item) => browser.post(`/write?item=${item}`)))
      await settle()
      const { items: kept } = await browser.page()
      const count = items.filter((item) => kept.includes(item)).length
      return { shown: String(count), badness: PARALLEL_WRITES - count }
    },
  },

  revivedByWriter: {
    title: 'logged-out session revived by a writer',
    method:
      'The user logs out while a write is in progress. The probe runs twice. In the first run, the logout comes before the write changes the session. In the second run, the logout comes after this change. The probe then checks whether the cookie from before the logout or the current cookie of the browser is signed in.',
    async run(browser) {
      return yesOrNo(await isRevived(browser, (query) => browser.post(`/write${query}&item=late`)), { right: false })
    },
  },

  revivedByReader: {
    title: 'revived by a reader',
    method:
      'The user logs out while a page that only reads the session is in progress. The probe then checks the cookie from before the logout and the current cookie of the browser.',
    async run(browser) {
      return yesOrNo(await isRevived(browser, (query) => browser.page(query)), { right: false })
    },
  },

  replay: {
    title: 'old cookie works after logout',
    method:
      'The user logs out, and no other request is in progress. The probe then sends the cookie from before the logout.',
    async run(browser) {
      await signIn(browser)
      const stolen = browser.cookie
      await browser.post('/logout')
      await settle()
      return yesOrNo(await browser.isSignedIn(stolen), { right: false })
    },
  },

  signedInAfterRace: {
    title: 'signed in after a login that raced two writes',
    method:
      'A guest with an item in the session logs in. A first write with the guest’s cookie begins before the login and ends after the login. A second write with the same cookie reaches the server after the login. Browsers send such a write if the response to the login has not arrived yet. The probe then checks whether the browser is signed in.',
    async run(browser) {
      let isSignedIn = true
      for (const held of MAY_BE_HELD) {
        browser.forget()
        await browser.post('/write?item=first')
        const guest = browser.cookie
        const early = await heldRequest(browser, held, (query) => browser.post(`/write${query}&item=early`))
        await browser.post('/login')
        await browser.post('/write?item=late', guest)
        await early.finish()
        isSignedIn &&= (await browser.page()).user !== null
      }
      return yesOrNo(isSignedIn, { right: true })
    },
  },

  rotated: {
    title: 'ID rotated at login',
    method:
      'A guest with an item in the session logs in. Afterwards, the browser must have another cookie, and the guest’s cookie must not be signed in. Otherwise, session fixation is possible.',
    async run(browser) {
      await browser.post('/write?item=planted')
      await settle()
      const planted = browser.cookie
      await signIn(browser)
      const isRotated = browser.cookie !== planted && !(await browser.isSignedIn(planted))
      return yesOrNo(isRotated, { right: true })
    },
  },

  readableSecret: {
    title: 'a copy of the store signs in',
    method:
      'The probe sends every text of 16 or more characters in the store as the session cookie. If no text signs in, the probe signs or encrypts each text with the server’s key, and sends the result as the session cookie.',
    needsStore: true,
    async run(browser) {
      await signIn(browser)
      const names = browser.cookieNames
      const texts = await browser.probe<string[]>('texts')
      const plain = texts.flatMap((text) => names.map((name) => `${name}=${text}`))
      if (await anySignsIn(browser, plain)) return { shown: 'yes', badness: 2 }
      const forged = await browser.probe<string[]>('forged')
      return (await anySignsIn(browser, forged)) ? { shown: 'with the key', badness: 1 } : { shown: 'no', badness: 0 }
    },
  },

  readsThatWrite: {
    title: `reads of ${READS} that write`,
    method: `A signed-in browser reads a page ${READS} times. The probe counts the reads that wrote to the store or set a cookie.`,
    async run(browser) {
      await signIn(browser)
      let writing = 0
      for (let read = 0; read < READS; read++) {
        const before = await browser.probe<number | null>('writes')
        const setsCookie = await browser.readSetsCookie()
        await settle()
        if (setsCookie || (await browser.probe<number | null>('writes')) !== before) writing++
      }
      return { shown: String(writing), badness: writing }
    },
  },
} satisfies Record<string, Probe>

export type ProbeName = keyof typeof PROBES

/** Runs one probe with a new browser. Returns `undefined` if the probe does not apply to this server. */
export async function runProbe(name: ProbeName, url: string): Promise<Finding | undefined> {
  const probe: Probe = PROBES[name]
  const browser = new Browser(url)
  try {
    if (probe.needsStore && (await browser.probe('texts')) === null) return undefined
    return await probe.run(browser)
  } finally {
    browser.close()
  }
}

async function signIn(browser: Browser): Promise<void> {
  await browser.post('/login')
  await settle()
  if ((await browser.page()).user === null) throw new Error('The server does not sign in, so the probe says nothing.')
}

async function isRevived(browser: Browser, send: (query: string) => Promise<unknown>): Promise<boolean> {
  let revived = false
  for (const held of MAY_BE_HELD) {
    browser.forget()
    await signIn(browser)
    const old = browser.cookie
    const late = await heldRequest(browser, held, send)
    await browser.post('/logout')
    await settle()
    // If the old cookie still works directly after the logout, no request has revived the session. The probe `replay`
    // finds this fault.
    const neverDied = await browser.isSignedIn(old)
    await late.finish()
    revived ||= (await browser.isSignedIn()) || (!neverDied && (await browser.isSignedIn(old)))
  }
  return revived
}

/** Sends a request. The page stops before or after its use of the session, and continues when `finish` is called. */
async function heldRequest(
  browser: Browser,
  held: (typeof MAY_BE_HELD)[number],
  send: (query: string) => Promise<unknown>,
): Promise<{ finish(): Promise<void> }> {
  const name = `hold${++holds}`
  const sent = send(`?${held}=${name}`)
  await Promise.race([browser.probe('arrived', name), sent])
  return {
    async finish() {
      await browser.probe('release', name)
      await sent
      await settle()
    },
  }
}

async function anySignsIn(browser: Browser, cookies: readonly string[]): Promise<boolean> {
  for (const cookie of cookies) if (await browser.isSignedIn(cookie)) return true
  return false
}

function yesOrNo(value: boolean, { right }: { right: boolean }): Finding {
  return { shown: value ? 'yes' : 'no', badness: value === right ? 0 : 1 }
}

function settle(): Promise<void> {
  return pause(SETTLE_MILLISECONDS)
}
