export interface Mail {
  to: string
  subject: string
  text: string
  html: string
  /** The most important link first. */
  links: string[]
}

/** `send` resolves once the mail is accepted. Otherwise it rejects with a `DeliveryProblem`. */
export interface MailTransport {
  send(mail: Mail): Promise<void>
  close(): void
}

/**
 * `again` is "soon" when the mail was not delivered, "carefully" when it may have been, and "never" when the server
 * rejects it for good. `message` is a code for the log, without any text of the mail.
 */
export class DeliveryProblem extends Error {
  override readonly name = 'DeliveryProblem'
  readonly again: 'soon' | 'carefully' | 'never'
  /** True when the server cannot take any mail now. */
  readonly serverIsDown: boolean

  constructor(code: string, again: 'soon' | 'carefully' | 'never', serverIsDown: boolean, cause?: unknown) {
    super(code, { cause })
    this.again = again
    this.serverIsDown = serverIsDown
  }
}
