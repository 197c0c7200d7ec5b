import type { MailSender } from './mail-worker.ts'

/** For a process that sends no mail itself. `notify` wakes the process that does. */
export function mailElsewhere(notify: () => void): MailSender {
  return { wake: notify, tick: async () => notify(), stop: async () => {} }
}
