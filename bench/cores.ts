import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** The processor cores of each part, as `taskset` names them. `undefined` stands for all cores. */
export interface Cores {
  server?: string
  load?: string
  databases?: string
}

/**
 * The server and the load generator each get a core of their own. The databases get all further cores. If there are
 * only two cores, the databases share the core of the load generator.
 */
export function chooseCores(pinned: boolean): Cores {
  const [server, load, ...others] = pinned && hasTaskset() ? allowedCores() : []
  if (server === undefined || load === undefined) return {}
  return { server, load, databases: others.length > 0 ? others.join(',') : load }
}

export function pin(pids: readonly number[], cores: string): void {
  for (const pid of pids) execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', cores, String(pid)])
}

export function describeCores({ server, load, databases }: Cores): string {
  if (server === undefined) return 'All processes run on all cores.'
  return `Cores: server ${server}, load generator ${load}, databases ${databases}.`
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['--version'])
    return true
  } catch {
    return false
  }
}

function allowedCores(): string[] {
  const [, list = ''] = /Cpus_allowed_list:\s*(\S+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
  return list.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number)
    return Array.from({ length: last - first + 1 }, (_, index) => String(first + index))
  })
}
