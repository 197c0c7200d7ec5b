// This file must run on Node 18 and newer.

/** The oldest version that runs TypeScript without a flag and that the database drivers support. */
const LOWEST = [22, 18]

/** Node 23 runs TypeScript without a flag since 23.6. */
export function isNewEnough(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number)
  if (major === 23) return minor >= 6
  return major > LOWEST[0] || (major === LOWEST[0] && minor >= LOWEST[1])
}

export function nodeDirections(version) {
  return `Node ${LOWEST.join('.')} or newer is needed; this is ${version}, and no newer one could be downloaded. Install Node 24 from https://nodejs.org and try again.`
}
