/** The facts in a notification mail. The outbox stores them until the mail is sent. */
export interface NoticeDetails {
  /** The time of the event, in ISO 8601 and UTC. */
  at: string
  /** For example "Firefox on Windows". */
  device: string
  address: string
  /** The number of earlier, unsent notifications that this notification replaces. */
  before?: number
}
