import type { EndReason } from '../../session/index.ts'
import { formatCount } from '../../web/format.ts'
import { Browser } from '../browser.ts'
import { SITE_ORIGIN, type Site, type SiteConfig } from './site.ts'

export interface ThingsConfig extends SiteConfig {
  rememberDays: number
  linkMinutes: number
}

/** Something that ends with time. */
export interface Thing {
  title: string
  hint: string
  /** The session that ends; undefined for a link and for copied cookies. */
  id?: string
  /** Why the session layer ends this session. */
  reasons?: Partial<Record<EndReason, string>>
  /** Uses it as its owner does. */
  use?(): Promise<unknown>
  /** Sees what is left, without using it. */
  look(): Promise<Limits | End | undefined>
  /** The browser whose cookies a visitor may copy. */
  browser?: Browser
}

/** The times at which it ends: without a use, and in any case. null: never. */
export interface Limits {
  use?: number | null
  all: number | null
}

/** The end, with the event by which the session layer reported it. */
export interface End {
  why: string
  event: string
}

export const USER = 'Ana'
const REST_IDLE_MINUTES = 30
const REST_DAYS = 30
const DAY_MINUTES = 24 * 60
const HOME = '192.0.2.10'
const ELSEWHERE = '203.0.113.66'
const FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:146.0) Gecko/20100101 Firefox/146.0'
const CHROME =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/147.0.0.0 Safari/537.36'
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1'

/** Begins one thing of each kind. */
export async function beginThings(site: Site, config: ThingsConfig): Promise<Thing[]> {
  const { rememberDays, sessionAbsoluteHours, sessionIdleMinutes, sessionTimeoutMinutes } = config
  const ordinary = {
    idle: minutesAsText(sessionTimeoutMinutes ?? sessionIdleMinutes),
    all: formatCount(sessionAbsoluteHours, 'hour', 'hours'),
  }
  const days = formatCount(rememberDays, 'day', 'days')
  const [plain, bound] = [newBrowser(site, FIREFOX), newBrowser(site, CHROME, { hasKey: true })]
  const login = await logIn(site, plain, ordinary)
  const boundLogin = await logIn(site, bound, ordinary)
  const remembered = await logIn(site, newBrowser(site, IPHONE), { idle: days, all: days }, rememberDays)
  return [
    { ...login, title: 'A login', hint: 'Firefox on Windows', browser: plain },
    { ...remembered, title: 'A login with “Stay logged in”', hint: 'Safari on an iPhone' },
    {
      ...boundLogin,
      title: 'A login with device binding',
      hint: `Chrome on macOS, which proves its key every ${minutesAsText(site.bindingMinutes)}`,
      browser: bound,
    },
    copyOf(site, bound, boundLogin),
    await linkTo(site, plain, login, config),
    await restSignIn(site),
  ]
}

async function logIn(site: Site, browser: Browser, life: { idle: string; all: string }, days = 0) {
  await browser.post(`/login?user=${USER}&days=${days}`)
  const { id = '' } = await browser.get('/page')
  return { ...sessionOf(site, id, life), use: () => browser.get('/page') }
}

async function restSignIn(site: Site): Promise<Thing> {
  const idle = { idleSeconds: REST_IDLE_MINUTES * 60, absoluteSeconds: REST_DAYS * DAY_MINUTES * 60 }
  const { token, id } = await site.manager.newToken(USER, { userName: USER, ...idle })
  const send = site.connect({ address: HOME, isProbe: false })
  return {
    title: 'A REST sign-in',
    hint: 'A program with a bearer token',
    ...sessionOf(site, id, { idle: minutesAsText(REST_IDLE_MINUTES), all: formatCount(REST_DAYS, 'day', 'days') }),
    use: () => send('GET', '/api', { authorization: `Bearer ${token}` }),
  }
}

function sessionOf({ manager }: Site, id: string, { idle, all }: { idle: string; all: string }) {
  return {
    id,
    reasons: {
      idle: `not used for ${idle}`,
      absolute: `${all} after the login`,
      revoked: 'signed out, by you or after ten requests with a copy of its cookie',
    },
    async look(): Promise<Limits | undefined> {
      const found = await manager.get(id)
      return found && { use: found.idleEndTime?.getTime() ?? null, all: found.absoluteEndTime?.getTime() ?? null }
    },
  }
}

/** A copy of the cookies of a bound login. The copy has no key, so it ends when the proof of its owner ends. */
function copyOf(site: Site, owner: Browser, { id }: Pick<Thing, 'id'>): Thing {
  const until = owner.expires
  const thief = newBrowser(site, CHROME, { address: ELSEWHERE, isProbe: true })
  thief.plant(owner.cookie)
  let isRefused = false
  site.manager.on('bindingFailed', (event) => {
    isRefused ||= event.id === id
  })
  return {
    title: 'A copy of the bound cookies',
    hint: 'On another machine, without the key',
    async look() {
      if ((await thief.get('/page')).user !== null) return { all: until }
      return isRefused
        ? { why: 'no proof of the key', event: 'bindingFailed' }
        : { why: 'its login has ended', event: 'ended' }
    },
  }
}

async function linkTo(site: Site, owner: Browser, login: Pick<Thing, 'look'>, { linkMinutes }: ThingsConfig) {
  const until = site.clock.now() + linkMinutes * 60_000
  const { link = '' } = await owner.post(`/link?seconds=${linkMinutes * 60}`)
  let isRefused = false
  site.manager.on('linkRefused', () => {
    isRefused = true
  })
  const thing: Thing = {
    title: 'A one-time link',
    hint: 'To the first login, not opened yet',
    async look() {
      await newBrowser(site, IPHONE, { address: ELSEWHERE, isProbe: true }).get(link)
      if (!isRefused) return { all: until }
      const why = (await login.look()) ? `${minutesAsText(linkMinutes)} after it was made` : 'its login has ended'
      return { why, event: 'linkRefused' }
    },
  }
  return thing
}

function newBrowser(site: Site, name: string, { address = HOME, isProbe = false, hasKey = false } = {}): Browser {
  const exchange = site.connect({ address, isProbe })
  return new Browser(name, { origin: SITE_ORIGIN, exchange, now: site.clock.now, record: () => {}, hasKey })
}

function minutesAsText(minutes: number): string {
  return formatCount(minutes, 'minute', 'minutes')
}
