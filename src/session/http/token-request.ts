import { notSignedIn, SessionError } from '../core/errors.ts'
import { lifetimeMilliseconds } from '../core/lifetime.ts'
import type { Sessions } from '../core/sessions.ts'
import type { TokenSession } from '../core/token-session.ts'
import type { Reply } from './open-session.ts'
import type { RequestHead } from './request-head.ts'

export interface TokenOptions {
  /** The path of the API. '/api' matches '/api' and all paths below it. Default '': every path. */
  mount?: string
  /** Saves the session variables after a successful handler. Default false, so that only `save()` saves (West Wind). */
  autoSave?: boolean
  /** Idle timeout of sign-ins in seconds. Default 1800 (West Wind). */
  timeoutSeconds?: number
  /** Paths below `mount` that need no token. Case is ignored. Default: testpage, signin, signout (West Wind). */
  anonymous?: readonly string[]
}

export const TOKEN_OPTIONS = { mount: true, autoSave: true, timeoutSeconds: true, anonymous: true } as const

/** Which requests need a token. */
interface TokenPaths {
  /** `url` is the URL of the request, or its path. */
  matches(url: string): boolean
  isAnonymous(path: string): boolean
}

/** @throws TypeError for an invalid option. */
export function tokenPaths({ mount = '', timeoutSeconds, anonymous = ANONYMOUS }: TokenOptions): TokenPaths {
  if (timeoutSeconds !== undefined)
    lifetimeMilliseconds('tokenSessions(): timeoutSeconds', timeoutSeconds, 'seconds', 1)
  if (mount !== '' && !/^(\/[^/?#]+)+$/.test(mount))
    throw new TypeError(
      `tokenSessions(): mount begins with "/" and does not end with "/", got ${JSON.stringify(mount)}.`,
    )
  if (!Array.isArray(anonymous) || !anonymous.every((name) => typeof name === 'string' && !name.startsWith('/')))
    throw new TypeError(
      `tokenSessions(): anonymous is a list of paths without the mount and without a leading "/", such as 'signin'; got ${JSON.stringify(anonymous)}.`,
    )
  const open = new Set(anonymous.map((name) => `${mount}/${name}`.toLowerCase()))
  const wanted = plain(mount)
  return {
    matches: (url) =>
      mount === '' ||
      readings(url).some((path) => path.startsWith(wanted) && /^([/;]|$)/.test(path.slice(wanted.length))),
    isAnonymous: (path) => open.has(path.toLowerCase()),
  }
}

/**
 * Returns the paths that a router may see in a URL. Some routers ignore case or double slashes, decode the path, resolve
 * dots, or skip the host of `GET http://host/path`. None of these spellings may pass without a token.
 */
function readings(url: string): string[] {
  const path = url.split(/[?#]/, 1)[0] ?? ''
  // All routers read this path alike, apart from case. Parsing the URL would take longer than opening the session.
  if (SIMPLE.test(path) && !path.includes('//') && !path.includes('/.')) return [path.toLowerCase()]
  return [path, URL.canParse(url, BASE) ? new URL(url, BASE).pathname : path].map(plain)
}

const BASE = 'http://own.invalid'
const SIMPLE = /^\/[\w/.~-]*$/

function plain(path: string): string {
  return decoded(path)
    .replace(/\/{2,}/g, '/')
    .toLowerCase()
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path.replace(/%[0-7][\da-f]/gi, decodeURIComponent)
  }
}

const ANONYMOUS = ['testpage', 'signin', 'signout']

/**
 * Opens the session of the bearer token.
 * @param isRepeated whether the request has several Authorization headers. It then has no valid token.
 * @throws SessionError STORE_UNAVAILABLE.
 */
export function openTokenSession<S extends object, P extends string, R extends string>(
  manager: Sessions<S, P, R>,
  head: Pick<RequestHead, 'header' | 'address'>,
  { isRepeated, onClose }: { isRepeated: boolean } & Pick<Reply, 'onClose'>,
  { requestId, timeoutSeconds }: { requestId: string | undefined; timeoutSeconds: number | undefined },
): Promise<TokenSession<S, P, R>> {
  const request = {
    authorization: isRepeated ? undefined : head.header('authorization'),
    requestId,
    device: head.header('user-agent') ?? null,
    address: head.address,
    onClose,
  }
  return manager.resumeToken(request, timeoutSeconds)
}

/** @throws SessionError SESSIONS_OFF (503) for null; NOT_SIGNED_IN (401) without a valid token. */
export function requireToken(session: Pick<TokenSession, 'via'> | null): void {
  if (session === null)
    throw new SessionError('SESSIONS_OFF', 'This API needs sessions, and the server runs without sessions.')
  if (session.via === undefined) throw notSignedIn()
}

/** Waits for pending calls. Also saves the session variables, if the option `autoSave` is true. */
export async function settleTokenSession(
  session: Pick<TokenSession, 'via' | 'settled' | 'save'>,
  autoSave: boolean,
): Promise<void> {
  await session.settled()
  if (autoSave && session.via !== undefined) await session.save()
}
