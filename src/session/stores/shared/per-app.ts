export interface PerApp<T> {
  (app: string): T
  /** The applications with a value. */
  apps(): string[]
}

/** Creates one value for each application, on first use. */
export function perApp<T>(make: (app: string) => T): PerApp<T> {
  const values = new Map<string, T>()
  const getValue = (app: string) => {
    const value = values.get(app) ?? make(app)
    values.set(app, value)
    return value
  }
  return Object.assign(getValue, { apps: () => [...values.keys()] })
}
