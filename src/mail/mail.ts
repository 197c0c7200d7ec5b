export interface Mail {
  to: string
  subject: string
  text: string
  html: string
  /** The most important link comes first. */
  links: string[]
}

/** A mail with the visitor of the public demo who caused it. */
type CausedMail = Mail & { visitor?: string }

/** `send` resolves when the mail is accepted. If sending fails, `send` rejects with a `DeliveryProblem`. */
export interface MailTransport {
  send(mail: CausedMail): Promise<void>
  close(): void
}

/**
 * `again` says when to retry: "soon" if the mail was not delivered, "carefully" (later) if it may have been delivered,
 * "never" if the server rejected it permanently. `message` is a code for the log and contains no text of the mail.
 */
export class DeliveryProblem extends Error {
  override readonly name = 'DeliveryProblem'
  readonly again: 'soon' | 'carefully' | 'never'
  /** True when the server cannot accept any mail now. */
  readonly serverIsDown: boolean

  constructor(code: string, again: 'soon' | 'carefully' | 'never', serverIsDown: boolean, cause?: unknown) {
    super(code, { cause })
    this.again = again
    this.serverIsDown = serverIsDown
  }
}
