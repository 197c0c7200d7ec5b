/** "ana@example.com" → "a•••@example.com". Returns a name that is no e-mail address unchanged. */
export function maskEmail(name: string): string {
  const at = name.lastIndexOf('@')
  return at < 1 ? name : `${[...name][0]}•••${name.slice(at)}`
}
