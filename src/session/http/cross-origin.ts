import { SessionError } from '../core/errors.ts'
import { checkFlags, refuseUnknown } from '../known-options.ts'
import type { RequestHead } from './request-head.ts'

type Head = Pick<RequestHead, 'method' | 'header'>

const SAFE_METHODS = ['GET', 'HEAD', 'OPTIONS']
const OWN_SITES = ['same-origin', 'none']
const OTHER_SITES = ['cross-site', 'same-site']
const FRAMES = ['iframe', 'frame']

/**
 * Detects a request from a page of another origin, by headers that this page cannot forge.
 * - `change`: an unsafe method, such as POST, from another origin (CSRF). Without `Sec-Fetch-Site` and `Origin`, the
 *   request counts as `change` if it has a cookie.
 * - `embedding`: another site embeds or reads a page. Links from other sites are allowed.
 * @param isOwnOrigin whether an `Origin`, such as `https://shop.example`, is an origin of this application.
 * @param options whether another site may show a page in a frame.
 */
export function crossOrigin(
  head: Head,
  isOwnOrigin: (origin: string) => boolean,
  { allowFrames = false }: Pick<CrossOriginOptions, 'allowFrames'> = {},
): 'change' | 'embedding' | undefined {
  const site = head.header('sec-fetch-site') ?? ''
  if (SAFE_METHODS.includes(head.method)) {
    const destination = head.header('sec-fetch-dest') ?? ''
    const isPage = destination === 'document' || (allowFrames && FRAMES.includes(destination))
    return OTHER_SITES.includes(site) && !isPage ? 'embedding' : undefined
  }
  return isOwnChange(head, site, isOwnOrigin) ? undefined : 'change'
}

function isOwnChange(head: Head, site: string, isOwnOrigin: (origin: string) => boolean): boolean {
  if (site !== '') return OWN_SITES.includes(site)
  const origin = head.header('origin') ?? ''
  if (origin !== '') return isOwnOrigin(origin)
  return (head.header('cookie') ?? '') === ''
}

export interface CrossOriginOptions {
  /**
   * The origins of the application, such as `https://shop.example`. Their pages may send each other requests. Default:
   * the origin with the host of the request.
   */
  origins?: readonly string[]
  /**
   * Whether other sites may show pages in frames, for `partitioned` cookies. Name these sites in the response header
   * `Content-Security-Policy: frame-ancestors`. Default false.
   */
  allowFrames?: boolean
}

/** @throws TypeError for an entry that is not an origin. */
export function crossOriginCheck(
  where: string,
  options: CrossOriginOptions,
): (head: Pick<RequestHead, 'method' | 'host' | 'header'>) => void {
  refuseUnknown(where, options, { origins: true, allowFrames: true })
  checkFlags(`${where}: `, { allowFrames: options.allowFrames })
  const own = options.origins && new Set(options.origins.map((origin) => checkedOrigin(where, origin)))
  return function refuseCrossOrigin(head) {
    const { host } = head
    // Browsers call a request between two listed origins cross-site or same-site.
    if (own?.has(head.header('origin') ?? '')) return
    const isOwnOrigin = (origin: string) => own?.has(origin) ?? (host !== undefined && hostOf(origin) === host)
    if (crossOrigin(head, isOwnOrigin, options) === undefined) return
    throw new SessionError(
      'CROSS_ORIGIN',
      'This request came from another site, so nothing was done. Open the page here and try again.',
    )
  }
}

function checkedOrigin(where: string, origin: unknown): string {
  if (typeof origin === 'string' && hostOf(origin) !== undefined && new URL(origin).origin === origin) return origin
  throw new TypeError(
    `${where}: origins is a list of origins such as 'https://shop.example', without a path; got ${JSON.stringify(origin)}.`,
  )
}

function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}
