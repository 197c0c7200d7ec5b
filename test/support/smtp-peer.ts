import type { AddressInfo } from 'node:net'
import { type ParsedMail, simpleParser } from 'mailparser'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import type { Scope } from './process.ts'

export interface SmtpPeer {
  port: number
  /** The accepted mails, oldest first. */
  taken: { from: string; to: string[]; raw: string; mail: ParsedMail }[]
  connections(): number
  stop(): Promise<void>
}

/** Starts a mail server. It accepts everything unless `behaviour` says otherwise. */
export async function startSmtpPeer(
  scope: Scope,
  behaviour: SMTPServerOptions & { port?: number } = {},
): Promise<SmtpPeer> {
  const taken: SmtpPeer['taken'] = []
  let connections = 0
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onConnect(_session, callback) {
      connections += 1
      callback()
    },
    onData(stream, { envelope }, callback) {
      const pieces: Buffer[] = []
      stream.on('data', (piece: Buffer) => pieces.push(piece))
      stream.on('end', async () => {
        const raw = Buffer.concat(pieces).toString()
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        taken.push({ from, to: envelope.rcptTo.map(({ address }) => address), raw, mail: await simpleParser(raw) })
        callback()
      })
    },
    ...behaviour,
  })
  server.on('error', () => {})
  await new Promise<void>((resolve) => server.listen(behaviour.port ?? 0, '127.0.0.1', resolve))
  const { port } = server.server.address() as AddressInfo
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= new Promise<void>((resolve) => server.close(() => resolve()))
    return stopped
  }
  scope.after(stop)
  return { port, taken, connections: () => connections, stop }
}
