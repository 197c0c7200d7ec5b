import { checkFlags, typeOf } from '../known-options.ts'

interface MountOptions {
  touch?: unknown
  opensLinks?: unknown
  requestId?: unknown
  address?: unknown
  onRequestEnd?: unknown
  autoSave?: unknown
}

/** @throws TypeError for an invalid argument at mount time. Without this check, each request would fail later. */
export function checkMount(where: string, manager: unknown, options: MountOptions): void {
  const { resume, resumeToken } = Object(manager) as { resume?: unknown; resumeToken?: unknown }
  if (manager !== null && !(typeof resume === 'function' && typeof resumeToken === 'function'))
    throw new TypeError(
      `${where}: pass the result of createSessions(), or null to run without sessions; got ${typeOf(manager)}.`,
    )
  const { touch, opensLinks, requestId, address, onRequestEnd, autoSave } = options
  for (const [name, value] of Object.entries({ touch, opensLinks, requestId, address, onRequestEnd })) {
    if (value !== undefined && typeof value !== 'function')
      throw new TypeError(`${where}: ${name} is a function, got ${typeOf(value)}.`)
  }
  checkFlags(`${where}: `, { autoSave })
}
