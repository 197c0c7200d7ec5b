import type { MailSender } from './mail-worker.ts'

/** The `MailSender` of a process that sends no mail. `notify` wakes the process that sends the mail. */
export function mailElsewhere(notify: () => void): MailSender {
  return { wake: notify, tick: async () => notify(), stop: async () => {} }
}
