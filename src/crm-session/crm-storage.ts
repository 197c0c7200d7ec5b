/** The data that a session stores. All tabs of a browser share the session. */
export interface CrmStorage {
  /**
   * The top customers of the user with the userId `owner`. Other users of the same session never see them. `version` is
   * the version of the portfolio from which they were computed.
   */
  myTop3?: { owner: string; version: number; computedAt: string; customers: TopCustomer[] }
  /**
   * The security stamps of the user's account with which this session is valid: the stamp at the login, and the stamp of
   * a change that the user has made in this session.
   */
  securityStamps?: string[]
  /** The newest sign-up in this session. `ID` is the id of the account. */
  status?: { step: SignUpStep; email: string; ID: string }
  /** The tokens of submitted forms. A form that is submitted twice is processed once. */
  consumedForms?: string[]
  /** A form that the user filled in before the login. The user decides whether to send it. */
  unsentForm?: UnsentForm
  /** The newest device that a one-time link has signed in. Removed when another device has shown the notice. */
  joined?: { handle: string; at: string; device: string }
  /** The refused copies of a cookie that a page has shown: the handle of the device, and the time. */
  shownCopies?: string[]
  /** The colours of the pages. Without a value, they are those of the system. */
  theme?: 'light' | 'dark'
  /** The step of the tour through the demo. Absent if the visitor is not on the tour. */
  tour?: { step: number }
  /** The latest decision of the external platform. */
  lastOperation?: { id: number; state: 'approved' | 'refused' }
}

/** A form that was refused because its page belonged to another user or to an ended session. */
export interface UnsentForm {
  action: string
  /** The user for whom the page of the form was shown. '' if the form does not contain the user. */
  actingUser: string
  fields: [name: string, value: string][]
  /** The names of the fields whose values are passwords. Their values are not kept. */
  passwords: string[]
}

/** These texts are from the 4D documentation. Pages show them unchanged. */
export type SignUpStep = 'Waiting for validation email' | 'Email validated'

export interface TopCustomer {
  id: number
  name: string
  /** In cents. */
  totalPurchase: number
}
