import type { MailSender } from './mail-worker.ts'

/** For a process that sends no mail itself: whoever does is told that there is some. */
export function mailElsewhere(tell: () => void): MailSender {
  return { wake: tell, tick: async () => tell(), stop: async () => {} }
}
