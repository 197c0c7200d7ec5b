/** What the CRM keeps in a session, shared by all tabs of one browser. */
export interface CrmStorage {
  /** The best customers of whoever signed in; `owner` is his userId, so that nobody is shown somebody else's. */
  myTop3?: { owner: string; customers: TopCustomer[] }
  /** How far the newest sign-up of this session is; `ID` is the account's. */
  status?: { step: SignUpStep; email: string; ID: string }
  /** Forms of this session that were carried out, by the name each page gave them; the newest only. */
  spentForms?: string[]
  /** What the next page has to tell of what was just done. */
  pageNote?: string
  /** The latest answer of the external platform, left here by its callback. */
  lastOperation?: { id: number; state: 'approved' | 'refused' }
}

/** The documented texts: they are shown as they are. */
export type SignUpStep = 'Waiting for validation email' | 'Email validated'

export interface TopCustomer {
  id: number
  name: string
  /** In cents. */
  totalPurchase: number
}
