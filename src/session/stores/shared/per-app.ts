/** What each application has of its own, made when it is first needed. */
export function perApp<T>(make: (app: string) => T): (app: string) => T {
  const made = new Map<string, T>()
  return (app) => {
    const known = made.get(app) ?? make(app)
    made.set(app, known)
    return known
  }
}
