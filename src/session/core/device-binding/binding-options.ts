import { checkFlags, refuseUnknown } from '../../known-options.ts'
import type { CookieOptions, CookieSettings } from '../credentials/cookie-options.ts'
import { lifetimeMilliseconds } from '../lifetime.ts'

/** The options of Device Bound Session Credentials (see `docs/device-binding.md`). */
export interface DeviceBindingOptions {
  /** The minutes after which a browser must prove its key again: 5 to 60. Default 10. */
  minutes?: number
  /** Whether the first request without a proof ends the cookie. Default false: ten requests within an hour. */
  strict?: boolean
  /** The path for the registration of a key. Default '/session/bind'. */
  bindPath?: string
  /** The path for the proofs. Default '/session/refresh'. */
  refreshPath?: string
  /** Paths for which browsers need no proof, because they use no session, such as '/assets/'. Default: none. */
  exclude?: readonly string[]
  /** The message for a device whose cookie ends because proofs failed (see `Session.takeMessage`). Default: none. */
  message?: string
}

export interface BindingPolicy {
  readonly milliseconds: number
  /** Tolerates the time that a response takes to the browser. */
  readonly graceMilliseconds: number
  readonly strict: boolean
  readonly bindPath: string
  readonly refreshPath: string
  readonly exclude: readonly string[]
  readonly message: string | undefined
  readonly cookie: CookieSettings
}

const KNOWN = { minutes: true, strict: true, bindPath: true, refreshPath: true, exclude: true, message: true } as const
// Chromium proves its key from two minutes before the end of the bound cookie on, and at most six times in nine minutes.
// With fewer minutes, a user who reads one page after the other would become a guest.
const LEAST_MINUTES = 5
const MOST_MINUTES = 60
const MOST_GRACE_MILLISECONDS = 60_000
const GRACE_SHARE = 20
// These characters need no escape in a header and in JSON.
const PATH = /^\/(?!\/)[A-Za-z0-9/_.~-]*$/

/** @throws TypeError for an invalid option, and for a cookie that browsers cannot bind. */
export function readBindingOptions(
  options: DeviceBindingOptions | undefined,
  { secureCookie = true, domain }: CookieOptions,
  cookie: CookieSettings,
): BindingPolicy | undefined {
  if (options === undefined) return undefined
  refuseUnknown('deviceBinding', options, KNOWN)
  const { minutes = 10, strict = false, bindPath = '/session/bind', refreshPath = '/session/refresh' } = options
  const { exclude = [], message } = options
  checkFlags('deviceBinding.', { strict })
  if (!secureCookie)
    throw new TypeError('deviceBinding: browsers bind only Secure cookies. Remove secureCookie: false.')
  if (domain !== undefined)
    throw new TypeError('deviceBinding: browsers refresh a key only for one host. Remove domain, or deviceBinding.')
  const milliseconds = lifetimeMilliseconds('deviceBinding.minutes', minutes, 'minutes', LEAST_MINUTES)
  if (minutes > MOST_MINUTES)
    throw new TypeError(`deviceBinding.minutes: a number from ${LEAST_MINUTES} to ${MOST_MINUTES}, got ${minutes}.`)
  for (const [name, path] of Object.entries({ bindPath, refreshPath })) checkPath(name, path)
  if (bindPath === refreshPath) throw new TypeError('deviceBinding: bindPath and refreshPath are two different paths.')
  if (!Array.isArray(exclude)) throw new TypeError('deviceBinding.exclude: a list of paths, such as /assets/.')
  for (const path of exclude) checkPath('exclude', path)
  if (message !== undefined && typeof message !== 'string')
    throw new TypeError(`deviceBinding.message: a text, got ${typeof message}.`)
  return Object.freeze({
    milliseconds,
    graceMilliseconds: Math.min(milliseconds / GRACE_SHARE, MOST_GRACE_MILLISECONDS),
    strict,
    bindPath,
    refreshPath,
    exclude: Object.freeze([...exclude]),
    message,
    cookie: { ...cookie, name: `${cookie.name}-bound` },
  })
}

function checkPath(name: string, path: unknown): void {
  if (typeof path === 'string' && PATH.test(path)) return
  throw new TypeError(
    `deviceBinding.${name}: a path of letters, digits, "/", "-", "_", "." and "~", got ${JSON.stringify(path)}.`,
  )
}
