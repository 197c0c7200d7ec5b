export type { Mail, MailTransport } from './mail.ts'
export { mailElsewhere } from './mail-elsewhere.ts'
export { type ComposeMail, type MailSender, MailWorker } from './mail-worker.ts'
export { mailboxTransport } from './mailbox.ts'
export { mailboxPage, mailboxPath } from './mailbox-pages.ts'
export {
  countMails,
  countOthers,
  countSentTo,
  countWaitingMail,
  dropWaiting,
  dropWaitingOf,
  enqueueMail,
  forgetMail,
  isOutboxFull,
  isoTime,
  isReplaced,
  newestMail,
  type PendingLink,
  pendingLinks,
  waitingFor,
  waitingSince,
} from './outbox.ts'
export { type QrCode, qrCodeOf } from './qr-code.ts'
export { renderMail } from './render-mail.ts'
export { SMTP_TIMEOUTS, smtpTransport } from './smtp-transport.ts'
