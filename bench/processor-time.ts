import { readFileSync } from 'node:fs'

/**
 * Returns the processor time of a process and its children in microseconds. Returns `undefined` on systems without
 * `/proc`.
 */
export function processorTime(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  return withChildren(pid).reduce((sum, one) => sum + microsecondsOf(one), 0)
}

/** Returns this process and its children. PostgreSQL has one process for each connection. */
export function withChildren(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return [pid, ...children.split(' ').filter(Boolean).map(Number)]
}

/** `schedstat` counts nanoseconds. `stat` counts steps of ten milliseconds, which is too coarse for a slice. */
function microsecondsOf(pid: number): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1000
  } catch {
    return 0 // The process has just ended.
  }
}
