import type { ModelCredential } from './model.ts'

export interface View {
  id: string
  userName: string
  userId: string | null
  privileges: string[]
  isGuest: boolean
  storage: Record<string, number>
  authenticatedAt: number | null
  restored: unknown
  hasMessage: boolean
  offer: string | undefined
}

/** The result of a step: 'done', an error code, or a value. */
export type Outcome = string

export interface Arrival {
  credential: ModelCredential | undefined
  path: string
  method: 'GET' | 'POST'
  navigates: boolean
  quiet: boolean
  replacesUser: boolean
}

export type Keep = boolean | readonly string[] | undefined
