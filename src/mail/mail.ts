/** One mail, ready to go out: a plain text and the same as HTML. */
export interface Mail {
  to: string
  subject: string
  text: string
  html: string
  /** The addresses in it that somebody is meant to open, the important one first. */
  links: string[]
}

/** Takes a mail away. Resolved means: somebody else is responsible for it now. Rejects with a `DeliveryProblem` otherwise. */
export interface MailTransport {
  send(mail: Mail): Promise<void>
  close(): void
}

/**
 * A mail was not taken. `again`: at once later (nobody heard of it), carefully (it may have arrived after all), or never
 * (the server does not want it). `message` is a code for the log, never text of the mail.
 */
export class DeliveryProblem extends Error {
  override readonly name = 'DeliveryProblem'
  readonly again: 'soon' | 'carefully' | 'never'
  /** Nothing else can be sent at this moment either. */
  readonly serverIsDown: boolean

  constructor(code: string, again: 'soon' | 'carefully' | 'never', serverIsDown: boolean, cause?: unknown) {
    super(code, { cause })
    this.again = again
    this.serverIsDown = serverIsDown
  }
}
