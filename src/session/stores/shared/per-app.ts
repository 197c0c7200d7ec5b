export interface PerApp<T> {
  (app: string): T
  /** Returns the applications that have a value. */
  apps(): string[]
}

/** Creates the value of an application when the value is first requested. */
export function perApp<T>(make: (app: string) => T): PerApp<T> {
  const values = new Map<string, T>()
  const getValue = (app: string) => {
    const value = values.get(app) ?? make(app)
    values.set(app, value)
    return value
  }
  return Object.assign(getValue, { apps: () => [...values.keys()] })
}
