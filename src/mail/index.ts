export type { Mail, MailTransport } from './mail.js'
export { type ComposeMail, MailWorker } from './mail-worker.js'
export { mailboxTransport } from './mailbox.js'
export { mailboxPage } from './mailbox-pages.js'
export {
  countOthers,
  countSentTo,
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
