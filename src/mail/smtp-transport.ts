import { DeliveryProblem, type Mail, type MailTransport } from './mail.ts'

/** The part of a Nodemailer transporter that is used here. */
interface SmtpClient {
  sendMail(message: {
    from: string
    to: string
    subject: string
    text: string
    html: string
    headers: Record<string, string>
  }): Promise<unknown>
  close(): void
}

/** In milliseconds. They keep a hanging mail server from delaying other mails for long. */
export const SMTP_TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 15_000 }

// RFC 3834: suppresses out-of-office replies.
const HEADERS = { 'Auto-Submitted': 'auto-generated' }

export function smtpTransport(client: SmtpClient, from: string): MailTransport {
  return {
    async send({ to, subject, text, html }: Mail) {
      try {
        await client.sendMail({ from, to, subject, text, html, headers: HEADERS })
      } catch (error) {
        throw explain(error)
      }
    },
    close: () => client.close(),
  }
}

function explain(error: unknown): DeliveryProblem {
  const { code, command, responseCode } = Object(error) as { code?: string; command?: string; responseCode?: number }
  const name = responseCode === undefined ? String(code ?? 'UNKNOWN') : `${code} ${responseCode}`
  if (responseCode !== undefined) {
    // Errors at greeting, login and sender concern the server and not this mail.
    const isAboutThisMail = command === 'RCPT TO' || command === 'DATA'
    return new DeliveryProblem(name, isAboutThisMail && responseCode >= 500 ? 'never' : 'soon', !isAboutThisMail)
  }
  // Without a reply after the text was sent, the mail may have been accepted.
  if (command === 'DATA') return new DeliveryProblem(name, 'carefully', true)
  return new DeliveryProblem(name, 'soon', true)
}
