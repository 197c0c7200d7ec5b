/** One mail, ready to go out: a plain text and the same as HTML. */
export interface Mail {
  to: string
  subject: string
  text: string
  html: string
  /** The addresses of its links, the most important first. */
  links: string[]
}

/** Delivers mail. `send` resolves once the mail was accepted, and rejects with a `DeliveryProblem` otherwise. */
export interface MailTransport {
  send(mail: Mail): Promise<void>
  close(): void
}

/**
 * A mail was not accepted. `again` says when to retry: soon (it was not delivered), carefully (it may have been delivered), or never (the
 * server refuses it). `message` is a code for the log, never text of the mail.
 */
export class DeliveryProblem extends Error {
  override readonly name = 'DeliveryProblem'
  readonly again: 'soon' | 'carefully' | 'never'
  /** No other mail can be sent now either. */
  readonly serverIsDown: boolean

  constructor(code: string, again: 'soon' | 'carefully' | 'never', serverIsDown: boolean, cause?: unknown) {
    super(code, { cause })
    this.again = again
    this.serverIsDown = serverIsDown
  }
}
