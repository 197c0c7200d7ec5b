import type { TestContext } from 'node:test'

export interface ProcessWarning extends Error {
  code?: string
  detail?: string
}

/** Collects the warnings of this process during a test, instead of printing them. */
export function collectProcessWarnings(t: TestContext): ProcessWarning[] {
  const warnings: ProcessWarning[] = []
  const printing = process.listeners('warning')
  process.removeAllListeners('warning')
  process.on('warning', (warning) => warnings.push(warning))
  t.after(() => {
    process.removeAllListeners('warning')
    for (const listener of printing) process.on('warning', listener)
  })
  return warnings
}
