import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, uptime } from 'node:os'
import { basename } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { newHandle } from './credentials/token.ts'

/** Identifies a process of this machine. No later process has the same identity. */
interface ProcessIdentity extends Machine {
  pid: number
  /** The ID of the thread; null if unknown. It is needed, because a worker thread may end before its process. */
  thread: number | null
  /** The start time of the thread; null if unknown. It is needed, because the system reuses thread IDs. */
  started: string | null
  handle: string
}

interface Machine {
  /** Null if unknown, for instance in Deno without `--allow-sys`. */
  host: string | null
  /** The ID of the boot and, on Linux, of the container; null if unknown. A process ID is valid only within both. */
  boot: string | null
}

// Only Linux has a boot ID. On other systems, the boot time is computed from two clocks. The boot time is rounded,
// because the clocks differ.
const BOOT_ROUNDING_MILLISECONDS = 600_000

/** Returns a new identity of this process, as text. */
export function identifyProcess(): string {
  const { pid } = process
  const thread = isMainThread ? pid : linuxThread()
  const identity: ProcessIdentity = {
    ...thisMachine(),
    pid,
    thread,
    started: statusOf(pid, thread ?? pid)?.started ?? null,
    handle: newHandle(),
  }
  return JSON.stringify(identity)
}

/**
 * Returns whether the identified process runs. Returns `undefined` when this is unknown, for instance for a process in
 * another container, or for a worker thread on a system other than Linux.
 */
export function isProcessRunning(identity: string): boolean | undefined {
  const { host, boot, pid, thread, started } = parse(identity)
  const here = thisMachine()
  if (host == null || boot == null || pid === undefined || boot !== here.boot || host !== here.host) return undefined
  if (!exists(pid)) return false
  if (thread == null) return undefined
  if (started == null || !statusOf(pid, pid)) return true // The start times cannot be compared.
  const status = statusOf(pid, thread)
  return status?.started === started && !status.isZombie
}

function parse(identity: string): Partial<ProcessIdentity> {
  try {
    return Object(JSON.parse(identity))
  } catch {
    // An older version of the layer registered the process in another format.
    return {}
  }
}

function thisMachine(): Machine {
  const boot = process.platform === 'linux' ? linuxBoot : bootTime
  return { host: orNull(hostname), boot: orNull(boot) }
}

/** Returns null for a fact that this process may not read. */
function orNull(read: () => string): string | null {
  try {
    return read()
  } catch {
    return null
  }
}

/** Combines the boot ID with the process namespace, because each container has its own process IDs. */
function linuxBoot(): string {
  return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
}

function bootTime(): string {
  return `boot ${Math.round((Date.now() - uptime() * 1000) / BOOT_ROUNDING_MILLISECONDS)}`
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // With any other error, the process may exist. For instance, the process belongs to another user (EPERM).
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}

/** Returns the ID of this thread; null where it cannot be read. */
function linuxThread(): number | null {
  try {
    return Number(basename(readlinkSync('/proc/thread-self')))
  } catch {
    return null
  }
}

/** Reads the status of a thread on Linux. A zombie has ended, but its parent process has not noticed the end. */
function statusOf(pid: number, thread: number): { started: string; isZombie: boolean } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8')
    // The second field is the name of the program in parentheses. It may contain spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [state, started] = [fields[0], fields[19]]
    return started === undefined ? undefined : { started, isZombie: state === 'Z' || state === 'X' }
  } catch {
    return undefined
  }
}
