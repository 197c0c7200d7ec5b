/** The options of the session cookie. */
export interface CookieOptions {
  /**
   * The cookie's name. Default: `4DSID_<appName>`. A secure cookie also gets the prefix `__Host-`, or `__Secure-` with
   * `domain`, unless the name already has a prefix.
   */
  cookieName?: string
  /** Adds `Secure` and a prefix to the cookie. Default true. false is for plain HTTP in development. */
  secureCookie?: boolean
  /**
   * The requests from other sites that have the cookie: none (`strict`), only links (`lax`), or all (`none`). Default
   * 'lax'. 'none' is for pages that other sites embed; `docs/cookies.md` lists what else such pages need.
   */
  sameSite?: 'strict' | 'lax' | 'none'
  /** For embedded pages: the browser keeps a cookie of its own for each embedding site (CHIPS). Default false. */
  partitioned?: boolean
  /** Sends the cookie to this domain and to all its subdomains, such as 'example.com'. Default: only to the own host. */
  domain?: string
}

/** Which requests from other sites have the cookie: see `CookieOptions`. `partitioned` is `none` with a partition. */
export type CookieScope = 'strict' | 'lax' | 'none' | 'partitioned'

export interface CookieSettings {
  readonly name: string
  /** The attributes of Set-Cookie, without `Max-Age`. */
  readonly attributes: string
  readonly scope: CookieScope
}

/** Browsers accept a name with one of these prefixes only with certain attributes. */
const PREFIX = /^__(?:Host-Http|Host|Secure|Http)-/
/** Browsers ignore the case of a prefix. */
const PREFIX_IN_ANY_CASE = /^__(?:Host-Http|Host|Secure|Http)-/i
const NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/
const LABEL = /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)$/
const LONGEST_DOMAIN = 253

/** @throws TypeError for an invalid option, and for options with which browsers refuse or never send the cookie. */
export function readCookieOptions(appName: string, options: CookieOptions): CookieSettings {
  const { secureCookie = true, sameSite = 'lax', partitioned = false, domain } = options
  if (sameSite !== 'strict' && sameSite !== 'lax' && sameSite !== 'none')
    throw new TypeError(`sameSite: 'strict', 'lax' or 'none', got ${JSON.stringify(sameSite)}.`)
  if (sameSite === 'none' && !secureCookie)
    throw new TypeError(
      "sameSite: browsers refuse 'none' without Secure. Remove secureCookie: false, and serve HTTPS or localhost.",
    )
  if (partitioned && sameSite !== 'none')
    throw new TypeError(
      "partitioned: pages in a frame of another site only send cookies with SameSite=None. Add sameSite: 'none'.",
    )
  checkDomain(domain)
  return Object.freeze({
    name: nameOf(appName, options),
    attributes: [
      '; Path=/',
      ...(domain === undefined ? [] : [`; Domain=${domain}`]),
      `; HttpOnly; SameSite=${sameSite[0]?.toUpperCase()}${sameSite.slice(1)}`,
      secureCookie ? '; Secure' : '',
      partitioned ? '; Partitioned' : '',
    ].join(''),
    scope: partitioned ? 'partitioned' : sameSite,
  })
}

function nameOf(appName: string, { cookieName, secureCookie = true, domain }: CookieOptions): string {
  const name: unknown = cookieName === undefined ? `4DSID_${appName}` : cookieName
  if (typeof name !== 'string' || !NAME.test(name))
    throw new TypeError(
      `cookieName: 1 to 100 letters, digits or other characters of a cookie's name, such as "-" and "_"; got ${JSON.stringify(name)}.`,
    )
  const [prefix] = PREFIX.exec(name) ?? []
  if (prefix === undefined) {
    const written = PREFIX_IN_ANY_CASE.exec(name)?.[0]
    if (written !== undefined)
      throw new TypeError(
        `cookieName: browsers ignore the case of the prefix ${written}. Write it as __Host- or __Secure-.`,
      )
    return secureCookie ? `${domain === undefined ? '__Host-' : '__Secure-'}${name}` : name
  }
  if (name === prefix) throw new TypeError(`cookieName: add a name after the prefix ${prefix}.`)
  if (!secureCookie)
    throw new TypeError(
      `cookieName: browsers refuse ${prefix} without Secure. Remove the prefix, which the layer adds for secure cookies.`,
    )
  if (prefix.startsWith('__Host-') && domain !== undefined)
    throw new TypeError(`cookieName: browsers refuse ${prefix} with a domain. Use the prefix __Secure-, or none.`)
  return name
}

function checkDomain(domain: unknown): void {
  if (domain === undefined || (typeof domain === 'string' && isDomain(domain))) return
  throw new TypeError(
    `domain: the name of a domain such as 'example.com', without scheme, port, path and leading dot, in ASCII (xn--…). ` +
      `An IP address and a name without a dot have no subdomains. Got ${JSON.stringify(domain)}.`,
  )
}

function isDomain(text: string): boolean {
  const labels = text.split('.')
  const isAddress = /^\d+$/.test(labels.at(-1) ?? '')
  return labels.length > 1 && text.length <= LONGEST_DOMAIN && labels.every((label) => LABEL.test(label)) && !isAddress
}
