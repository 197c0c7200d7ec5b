/** The message is shown to the user, and should say what the user can do. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly expose = true
  readonly status: number
  readonly headers: Record<string, string>

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}
