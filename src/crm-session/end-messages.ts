/** The message for the devices of a session that an administrator ended. `words` are the administrator's, or ''. */
export function endedByAdministrator(words: string): string {
  return words === '' ? 'An administrator ended it.' : `The administrator who ended it wrote: “${words}”`
}

/** The message for a device that an administrator signed out alone. */
export const SIGNED_OUT_BY_ADMINISTRATOR = 'An administrator signed this device out.'

/** The message for a device whose cookie ended because of copies. */
export const ENDED_FOR_COPIES =
  'Too many requests had this browser’s cookie without its key, so a program may have copied the cookie. Log in again, and look for malware on this device.'

/** The messages for the other devices of a user, by what the user did on one device. */
export const ENDED_BY_USER = {
  signOut: 'It was signed out on another of your devices.',
  password: 'Your password was changed on another device.',
  email: 'Your e-mail address was changed on another device.',
} as const

/** The message for all devices after the nightly reset of a public demo. */
export const DEMO_WAS_RESET =
  'The demo was reset, as every night: its accounts and customers are as on the first day. Log in again to go on.'
