/** A link on an error page. An empty `href` links to the address of the failed request. */
export interface ProblemAction {
  label: string
  href: string
}

/** The message is shown to the user, and should say what the user can do. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly expose = true
  readonly status: number
  readonly headers: Record<string, string>
  /** Where the error page leads. Default: to the start page. */
  readonly action: ProblemAction | undefined

  constructor(status: number, message: string, headers: Record<string, string> = {}, action?: ProblemAction) {
    super(message)
    this.status = status
    this.headers = headers
    this.action = action
  }
}
