/** One mail, as plain text and as HTML with the same content. */
export interface Mail {
  to: string
  subject: string
  text: string
  html: string
  /** The URLs of the links in the mail, the most important one first. */
  links: string[]
}

/** Delivers mail. `send` resolves once the mail is accepted, and rejects with a `DeliveryProblem` otherwise. */
export interface MailTransport {
  send(mail: Mail): Promise<void>
  close(): void
}

/**
 * The error for a mail that was not accepted. `again` is "soon" when the mail was not delivered, "carefully" when it
 * may have been delivered, and "never" when the server rejects it permanently. `message` is a code for the log, without
 * any text of the mail.
 */
export class DeliveryProblem extends Error {
  override readonly name = 'DeliveryProblem'
  readonly again: 'soon' | 'carefully' | 'never'
  /** Whether the mail server is down, so that no other mail can be sent now. */
  readonly serverIsDown: boolean

  constructor(code: string, again: 'soon' | 'carefully' | 'never', serverIsDown: boolean, cause?: unknown) {
    super(code, { cause })
    this.again = again
    this.serverIsDown = serverIsDown
  }
}
