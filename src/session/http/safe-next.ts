// The parser resolves paths against this address. If the result has another origin, the path leads to another server.
const BASE = 'http://own.invalid'
const LONGEST = 2000
// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression finds control characters, to refuse them
const NEVER_IN_A_PATH = /[\\\u0000-\u0020\u007f]/

/** Returns the path for the redirect after a login, or `undefined` for a URL of another site, such as `//evil.test`. */
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

/** Returns the path without decoding, decoded once and decoded twice. A failed decoding yields `undefined`. */
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
