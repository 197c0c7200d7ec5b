/** Creates one value for each application, on first use. */
export function perApp<T>(make: (app: string) => T): (app: string) => T {
  const values = new Map<string, T>()
  return (app) => {
    const value = values.get(app) ?? make(app)
    values.set(app, value)
    return value
  }
}
