import type { MailSender } from './mail-worker.ts'

/** For a process that sends no mail itself: whoever does is told that there is some. */
export function mailElsewhere(notify: () => void): MailSender {
  return { wake: notify, tick: async () => notify(), stop: async () => {} }
}
