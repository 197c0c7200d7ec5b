import { refuseUnknown } from '../known-options.ts'
import type { Credential } from '../record.ts'
import { notSignedIn } from './errors.ts'
import { refuseCallback, refuseForeignMembers } from './foreign-members.ts'
import {
  createTokenSession,
  type NewTokenOptions,
  TOKEN_OPTIONS,
  type TokenScope,
  type TokenTerms,
  termsOfToken,
} from './new-token.ts'
import { VARIABLES } from './record-storage.ts'
import type { RequestSession } from './request-session.ts'
import { Session } from './session.ts'

/**
 * The session of one REST request with a bearer token (West Wind's token sessions). A token session has no cookie, no
 * one-time links and no `secureSession`. Without a valid token, `isNew` is true and the session is not stored.
 */
export class TokenSession<
  in out S extends object = Record<string, unknown>,
  in out P extends string = string,
  in out R extends string = string,
> extends Session<S, P, R> {
  readonly #request: RequestSession
  readonly #defaultIdleSeconds: number | undefined
  readonly #unsaved = new Map<string, string>()

  constructor(request: RequestSession, defaultIdleSeconds?: number) {
    super(request)
    this.#request = request
    this.#defaultIdleSeconds = defaultIdleSeconds
  }

  /** The name of the token. Default ''. */
  get name(): string {
    return this.#terms.name
  }

  /** Whether the token may change data. The application must enforce the scope. */
  get scope(): TokenScope {
    return this.#terms.scope
  }

  /** How the token was created; undefined without a valid token. */
  get via(): Credential['via'] | undefined {
    const { state } = this.#request
    return state.is === 'live' ? state.credential.via : undefined
  }

  /** All session variables, including unsaved ones. The object is frozen: call `setSessionVar` to change it. */
  get sessionVars(): Readonly<Record<string, string>> {
    const variables = variablesIn(this.storage)
    for (const [name, value] of this.#unsaved) put(variables, name, value)
    return Object.freeze(variables)
  }

  /** Returns '' for a variable that is not set (West Wind). */
  getSessionVar(name: string): string {
    return this.#unsaved.get(name) ?? variablesIn(this.storage)[name] ?? ''
  }

  /** Sets a variable for this request; '' removes the variable. `save` or the option `autoSave` stores the change. */
  setSessionVar(name: string, value: string): void {
    if (typeof name !== 'string' || name === '')
      throw new TypeError('setSessionVar(): the name must be a non-empty text.')
    if (typeof value !== 'string') throw new TypeError(`setSessionVar(): "${name}" takes a text, got ${typeof value}.`)
    this.#unsaved.set(name, value)
  }

  /**
   * Merges the unsaved variables into the stored variables. After an error, the variables stay unsaved.
   * @throws SessionError NOT_SIGNED_IN without a valid token, and all errors of `use`.
   */
  save(...callback: []): Promise<void> {
    refuseCallback('save', callback)
    return this.#saveVariables()
  }

  async #saveVariables(): Promise<void> {
    const saving = new Map(this.#unsaved)
    if (saving.size === 0) return
    await this.use((storage) => {
      const variables = variablesIn(storage)
      for (const [name, value] of saving) put(variables, name, value)
      Object.assign(storage, { [VARIABLES]: variables })
    })
    for (const [name, value] of saving) if (this.#unsaved.get(name) === value) this.#unsaved.delete(name)
  }

  /**
   * Stores a session for a user who has just signed in, and makes it the session of this request. The session that the
   * request arrived with stays live.
   * @returns the token. The store contains only its hash.
   * @throws SessionError SESSION_LIMIT (503, number 5503) when a limit of sessions is reached; STORE_UNAVAILABLE.
   * @throws TypeError for an undefined `userId`. A call without arguments creates a session without a user (West Wind).
   */
  async newSession(
    ...user: [] | [userId: string, options?: NewTokenOptions<P, R> & { storage?: Partial<S> }]
  ): Promise<string> {
    const [userId, options = {}] = user
    if (user.length > 0 && userId === undefined) throw new TypeError("newSession(): pass the user's ID, got undefined.")
    refuseUnknown('newSession()', options, TOKEN_OPTIONS)
    const idleSeconds = options.idleSeconds ?? this.#defaultIdleSeconds
    return this.#request.perform('newSession', async (request) => {
      const { context, exchange } = request
      const { token, ...made } = await createTokenSession(
        context,
        userId,
        { ...options, ...(idleSeconds !== undefined && { idleSeconds }) },
        { via: 'sign-in', authenticatedAt: context.clock.now(), from: exchange },
      )
      request.state = { is: 'live', ...made, unsent: true }
      return token
    })
  }

  /**
   * Returns the user of the session. `load` must return undefined for a disabled user.
   * @throws SessionError NOT_SIGNED_IN (401) if the session has no user or `load` returns undefined.
   */
  async authenticate<U>(load: (userId: string) => Promise<U | undefined>): Promise<U> {
    const user = this.#request.state.is === 'live' && this.userId ? await load(this.userId) : undefined
    if (user === undefined) throw notSignedIn()
    return user
  }

  get #terms(): TokenTerms {
    const { state } = this.#request
    if (state.is !== 'live') return { name: '', scope: 'read-write' }
    return termsOfToken(state.credential) ?? { name: '', scope: 'read' }
  }
}

refuseForeignMembers(TokenSession.prototype)

/** Returns an object without a prototype, in which names such as `constructor` are ordinary keys. */
function variablesIn(storage: object): Record<string, string> {
  const stored = (storage as Record<string, unknown>)[VARIABLES]
  return Object.assign(Object.create(null), stored)
}

function put(variables: Record<string, string>, name: string, value: string): void {
  if (value === '') delete variables[name]
  else variables[name] = value
}
