import { DEMO_PASSWORD, type DemoAccount } from '../accounts/index.ts'
import { type Config, isLoopback } from '../config/config.ts'

/** The text that the demo prints at its start: addresses, accounts and warnings. */
export function announcement(
  config: Config,
  url: string,
  running: { accounts: readonly DemoAccount[]; busyPorts: readonly number[]; platformUrl: string | undefined },
): string {
  const { accounts, busyPorts, platformUrl } = running
  const notes = [...portNotes(config, url, busyPorts), ...warnings(config)]
  return `${box([
    `${config.appName} is running at ${addressForPeople(config, url)}`,
    ...(isLoopback(config.host) ? [] : [`It listens on ${config.host}, port ${new URL(url).port}`]),
    ...(config.webConcurrency === 1
      ? []
      : [`${config.webConcurrency} workers serve it; this process runs migrations, sweeps and mail`]),
    ...(platformUrl === undefined ? [] : [`The external platform is at ${platformUrl}`]),
    '',
    ...table(accounts),
    '',
    `All accounts use the password ${DEMO_PASSWORD}`,
    '',
    'Ctrl-C stops the server.',
  ])}${notes.map((note) => `${note}\n`).join('')}`
}

export function warnings(config: Config): string[] {
  const notes: string[] = []
  if (config.sessionTimeoutMinutes === 0)
    notes.push('SESSION_TIMEOUT_MINUTES is 0: sessions never expire, and replaced ones are never removed.')
  if (config.publicUrl === undefined && !isLoopback(config.host))
    notes.push(
      `HOST ${config.host} can be reached from other machines: set PUBLIC_URL to the address that people type.`,
    )
  if (config.demoPublic) notes.push('DEMO_PUBLIC is on: all data and sessions are reset at 03:00 UTC every night.')
  else if (config.profile === 'demo' && !isLoopback(config.host))
    notes.push('All who can reach this server can use the demo’s accounts and read its mailbox.')
  return notes
}

function portNotes(config: Config, url: string, busyPorts: readonly number[]): string[] {
  if (busyPorts.length === 0) return []
  return [
    `Port ${config.port} is busy, so this server took ${new URL(url).port}. Set PORT to choose one.`,
    `It is named ${config.appName}, because two demos with one name on one host sign each other out.`,
  ]
}

// Replaces 127.0.0.1 with localhost, as in the documentation. Browsers do not share cookies between these hosts.
function addressForPeople(config: Config, url: string): string {
  return config.publicUrl ?? url.replace('//127.0.0.1:', '//localhost:')
}

function table(accounts: readonly DemoAccount[]): string[] {
  const width = Math.max(0, ...accounts.map(({ userName }) => userName.length))
  return accounts.map(({ userId, userName, role }) => `userId ${userId}   ${userName.padEnd(width)}   ${role}`)
}

function box(lines: readonly string[]): string {
  const width = Math.max(...lines.map((line) => line.length))
  const rule = '─'.repeat(width + 4)
  return [`┌${rule}┐`, ...lines.map((line) => `│  ${line.padEnd(width)}  │`), `└${rule}┘`, ''].join('\n')
}
