import { DeliveryProblem, type Mail, type MailTransport } from './mail.ts'

/** The methods of a Nodemailer transporter that `smtpTransport` uses. */
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

/** These timeouts, in milliseconds, limit how long a hanging mail server delays other mails. */
export const SMTP_TIMEOUTS = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 15_000 }

// This header suppresses out-of-office replies (RFC 3834).
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
    // Errors at the greeting, the login and MAIL FROM concern the server. Only later errors concern this mail.
    const isAboutThisMail = command === 'RCPT TO' || command === 'DATA'
    return new DeliveryProblem(name, isAboutThisMail && responseCode >= 500 ? 'never' : 'soon', !isAboutThisMail)
  }
  // The server did not reply to the text of the mail, so it may have accepted the mail.
  if (command === 'DATA') return new DeliveryProblem(name, 'carefully', true)
  return new DeliveryProblem(name, 'soon', true)
}
