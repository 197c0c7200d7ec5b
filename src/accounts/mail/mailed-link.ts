import type { Config } from '../../config/config.ts'
import type { SessionDescription } from '../../session/index.ts'

// A link in a mail opens for anyone who reads the mail, so it ends soon.
export const MAILED_LINK_SECONDS = 15 * 60

type MailedLinkConfig = Pick<Config, 'linkMode' | 'profile' | 'sessionIdleMinutes'>

/** In the demo, a link opens every page and lives as long as an idle session, as 4D documents. */
export function mailedLinkSeconds({ profile, sessionIdleMinutes }: Omit<MailedLinkConfig, 'linkMode'>): number {
  return profile === 'production' ? MAILED_LINK_SECONDS : sessionIdleMinutes * 60
}

/** The options of a one-time link in a mail that leads to `path`. */
export function mailedLink(config: MailedLinkConfig, path: string) {
  return {
    lifespan: mailedLinkSeconds(config),
    confirm: config.linkMode === 'confirm',
    ...(config.profile === 'production' && { path }),
  }
}

/** The browser in which a session began. */
export function deviceOf({ devices }: SessionDescription): { device: string | null } {
  return { device: devices.find(({ kind }) => kind === 'cookie')?.device ?? null }
}
