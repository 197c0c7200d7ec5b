export type { Mail, MailTransport } from './mail.js'
export { mailElsewhere } from './mail-elsewhere.js'
export { type ComposeMail, type MailSender, MailWorker } from './mail-worker.js'
export { mailboxTransport } from './mailbox.js'
export { mailboxPage } from './mailbox-pages.js'
export {
  countOthers,
  countSentTo,
  countWaitingMail,
  dropWaiting,
  dropWaitingOf,
  enqueueMail,
  forgetMail,
  isOutboxFull,
  isoTime,
  type NewMail,
  newestMail,
  waitingFor,
  waitingSince,
} from './outbox.js'
export { SMTP_TIMEOUTS, smtpTransport } from './smtp-transport.js'
