// Resolves relative paths. A result with another origin is not on this server.
const BASE = 'http://own.invalid'
const LONGEST = 2000
// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is refused
const NEVER_IN_A_PATH = /[\\\u0000-\u0020\u007f]/

/**
 * The page to redirect to after a login if it is safe: a path on this server. Other origins, in any spelling that
 * browsers understand (`//evil.test`, `/\evil.test`, `/%5cevil.test`, `javascript:`), give `undefined`.
 */
export function safeNext(text: unknown): string | undefined {
  if (typeof text !== 'string' || text.length > LONGEST || NEVER_IN_A_PATH.test(text)) return undefined
  const [path = ''] = text.split(/[?#]/, 1)
  if (!spellings(path).every(isPlainPath)) return undefined
  const url = new URL(text, BASE)
  if (url.origin !== BASE || !isPlainPath(url.pathname)) return undefined
  return url.pathname + url.search
}

function isPlainPath(path: string | undefined): boolean {
  return path?.startsWith('/') === true && !path.startsWith('//') && !NEVER_IN_A_PATH.test(path)
}

/** The path as written, decoded once, and decoded twice; `undefined` where it cannot be decoded. */
function spellings(path: string): (string | undefined)[] {
  const once = decode(path)
  return [path, once, decode(once)]
}

function decode(path: string | undefined): string | undefined {
  try {
    return path === undefined ? undefined : decodeURIComponent(path)
  } catch {
    return undefined
  }
}
