// Runs on any Node, however old: plain statements only, and nothing imported.

const LOWEST = [20, 19]

/** One line that says what to do when this Node is too old, otherwise undefined. */
export function nodeVersionProblem(version) {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number)
  if (major > LOWEST[0] || (major === LOWEST[0] && minor >= LOWEST[1])) return undefined
  return `Node ${LOWEST.join('.')} or newer is needed; this is ${version}. Install it from https://nodejs.org and try again.`
}
