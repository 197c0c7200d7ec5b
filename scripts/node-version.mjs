// Runs on any Node since 18.

/** The oldest Node that runs TypeScript by itself and that the database drivers support. */
const LOWEST = [22, 18]

/** Whether this version of Node can run the project. Node 23 learned TypeScript later than Node 22 did. */
export function isNewEnough(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number)
  if (major === 23) return minor >= 6
  return major > LOWEST[0] || (major === LOWEST[0] && minor >= LOWEST[1])
}

/** What to do when there is no Node that can run the project, in one line. */
export function nodeDirections(version) {
  return `Node ${LOWEST.join('.')} or newer is needed; this is ${version}, and no newer one could be downloaded. Install Node 24 from https://nodejs.org and try again.`
}
