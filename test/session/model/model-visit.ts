import type { ModelCredential } from './model.ts'

/** What a page can see of its session. */
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

/** 'done', the code of the error, or what was answered. */
export type Outcome = string

/** How somebody arrives. */
export interface Arrival {
  credential: ModelCredential | undefined
  path: string
  method: 'GET' | 'POST'
  navigates: boolean
  quiet: boolean
  replacesUser: boolean
}

export type Keep = boolean | readonly string[] | undefined
