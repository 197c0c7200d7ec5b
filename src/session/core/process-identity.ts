import { readFileSync, readlinkSync } from 'node:fs'
import { hostname, uptime } from 'node:os'
import { newHandle } from './credentials/token.ts'

/** Identifies a process of this machine, also after its end. */
interface ProcessIdentity extends Machine {
  pid: number
  /** The start time of the process, because the system reuses process ids. null where it cannot be read. */
  started: string | null
  handle: string
}

interface Machine {
  host: string
  /** Process ids with the same `boot` name the same processes. null where this cannot be known. */
  boot: string | null
}

// Elsewhere than on Linux, the time of the boot is computed from two clocks, and rounded because they differ slightly.
const BOOT_ROUNDING_MILLISECONDS = 600_000

/** Returns a new identity of this process, as text. */
export function identifyProcess(): string {
  const { pid } = process
  const identity: ProcessIdentity = {
    ...thisMachine(),
    pid,
    started: statusOf(pid)?.started ?? null,
    handle: newHandle(),
  }
  return JSON.stringify(identity)
}

/** Returns `undefined` when this process cannot know, for instance for a process in another container. */
export function isProcessRunning(identity: string): boolean | undefined {
  const { host, boot, pid, started } = parse(identity)
  const here = thisMachine()
  if (boot == null || pid === undefined || boot !== here.boot || host !== here.host) return undefined
  if (!exists(pid)) return false
  const status = statusOf(pid)
  return status === undefined || started == null || (status.started === started && !status.isZombie)
}

function parse(identity: string): Partial<ProcessIdentity> {
  try {
    return Object(JSON.parse(identity))
  } catch {
    // Older versions of the layer registered other texts.
    return {}
  }
}

function thisMachine(): Machine {
  return { host: hostname(), boot: process.platform === 'linux' ? linuxBoot() : bootTime() }
}

/** Each container has its own process ids, so the boot id alone is not enough. */
function linuxBoot(): string | null {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return null
  }
}

function bootTime(): string {
  return `boot ${Math.round((Date.now() - uptime() * 1000) / BOOT_ROUNDING_MILLISECONDS)}`
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: the process of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Linux only. A zombie has ended, but its parent process has not noticed. */
function statusOf(pid: number): { started: string; isZombie: boolean } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The name of the program comes second, in parentheses, and may contain spaces and parentheses.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    const [state, started] = [fields[0], fields[19]]
    return started === undefined ? undefined : { started, isZombie: state === 'Z' || state === 'X' }
  } catch {
    return undefined
  }
}
