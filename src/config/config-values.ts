import { resolve } from 'node:path'
import { z } from 'zod'
import { projectRoot } from './project-root.ts'

// Each error message is printed after "<NAME>: ". No message contains the value, because a URL may contain a password.

/** `file` is an absolute path or `:memory:`. Never print `url`, because it may contain a password. */
export type DatabaseSetting = { kind: 'sqlite'; file: string } | { kind: 'postgres'; url: string }

export type SessionStoreSetting = DatabaseSetting | { kind: 'redis'; url: string } | { kind: 'memory' }

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

export const file = z.string().transform((path): string | undefined => resolve(projectRoot(), path))

export const appName = z
  .string()
  .regex(
    /^[A-Za-z0-9_-]{1,40}$/,
    'use 1 to 40 letters, digits, hyphens or underscores; it becomes part of the cookie’s name.',
  )

export const host = z
  .string()
  .regex(/^[A-Za-z0-9.:_-]+$/, 'use a host name or an address without scheme and port, for example 127.0.0.1.')

export const yesOrNo = z.string().transform((text, context): boolean => {
  if (/^(true|1|yes|on)$/i.test(text)) return true
  if (/^(false|0|no|off)$/i.test(text)) return false
  return refuse(context, 'use true or false.')
})

export const origin = z.string().transform((text, context): string | undefined => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) return refuse(context, 'use an address such as https://crm.example.com.')
  const bare = !url.username && !url.password && url.pathname === '/' && !/[?#]/.test(text)
  return bare
    ? url.origin
    : refuse(context, 'use the origin alone: scheme, host and port, without user, path or query.')
})

/** Origins of other sites, separated by commas. */
export const origins = z.string().transform((text, context): string[] =>
  text.split(',').map((part) => {
    const result = origin.safeParse(part.trim())
    const url = result.data
    return url ?? refuse(context, 'use origins such as https://app.example.com, separated by commas.')
  }),
)

export const database = z.string().transform((text, context): DatabaseSetting => {
  const setting = databaseAt(text)
  return setting ?? refuse(context, `use sqlite:<path>, for example sqlite:db/crm.sqlite, or ${POSTGRES_ADDRESS}.`)
})

export const sessionStore = z.string().transform((text, context): SessionStoreSetting => {
  if (text === 'memory') return { kind: 'memory' }
  if (isAddress(text, /^rediss?:$/)) return { kind: 'redis', url: text }
  const setting = databaseAt(text)
  return setting ?? refuse(context, `use sqlite:<path>, memory, redis://host:port or ${POSTGRES_ADDRESS}.`)
})

export const smtpUrl = z.string().transform((text, context): string | undefined => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const usable = url !== undefined && /^smtps?:$/.test(url.protocol) && url.hostname !== ''
  return usable ? text : refuse(context, 'use smtp://host:port, or smtps:// for TLS from the first byte.')
})

export const mailFrom = z.string().transform((text, context): string => {
  const address = /^(?:[^<>"\p{Cc}]*<([^<>]+)>|([^<>]+))$/u.exec(text)
  if (z.email().safeParse(address?.[1] ?? address?.[2]).success) return text
  return refuse(context, 'use an address such as crm@example.com, or Tessera <crm@example.com>.')
})

/** A secret may contain only characters that are allowed in an HTTP header. */
export const secret = z
  .string()
  .regex(/^[\x21-\x7e]{16,200}$/, 'use 16 to 200 letters, digits or signs without spaces, chosen at random.')

const POSTGRES_ADDRESS = 'postgres://user:password@host:port/database'

function databaseAt(text: string): DatabaseSetting | undefined {
  if (isAddress(text, /^postgres(ql)?:$/)) return { kind: 'postgres', url: text }
  const path = sqliteFile(text)
  return path === undefined ? undefined : { kind: 'sqlite', file: path }
}

function isAddress(text: string, protocol: RegExp): boolean {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url !== undefined && protocol.test(url.protocol) && url.hostname !== ''
}

function sqliteFile(text: string): string | undefined {
  const path = /^sqlite:(.+)$/i.exec(text)?.[1]
  if (path === undefined || path.startsWith('//')) return undefined
  return path === ':memory:' ? path : resolve(projectRoot(), path)
}

export function wholeNumber(lowest: number, highest: number) {
  return z.string().transform((text, context): number => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    if (number >= lowest && number <= highest) return number
    return refuse(context, `use a whole number from ${lowest} to ${highest}.`)
  })
}

export function choice<const T extends string>(...allowed: T[]) {
  return z.enum(allowed, { error: `use ${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}.` })
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue(message)
  return z.NEVER
}
