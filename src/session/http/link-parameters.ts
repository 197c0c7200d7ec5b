/** The URL parameter that holds the token of a one-time link (4D). */
export const LINK_PARAMETER = '$4DSID'
/** If this URL parameter is "1", a POST lets a link replace another user's session in this browser. */
export const REPLACE_PARAMETER = '$4DSID.replace'

/** Removes the parameters of a one-time link, so that no redirect passes its token on. */
export function withoutLink(url: string): string {
  const question = url.indexOf('?')
  if (question === -1) return url
  const others = url
    .slice(question + 1)
    .split('&')
    .filter((part) => ![LINK_PARAMETER, REPLACE_PARAMETER].includes([...new URLSearchParams(part).keys()][0] ?? ''))
  return others.length === 0 ? url.slice(0, question) : `${url.slice(0, question)}?${others.join('&')}`
}
