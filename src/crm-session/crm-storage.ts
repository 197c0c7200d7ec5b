/** What the CRM keeps in a session, shared by all tabs of one browser. */
export interface CrmStorage {
  /** The best customers of the signed-in user; `owner` is their userId, so that no other user is shown them. */
  myTop3?: { owner: string; customers: TopCustomer[] }
  /** The state of the newest sign-up of this session; `ID` is the account's. */
  status?: { step: SignUpStep; email: string; ID: string }
  /** The tokens of the latest forms, so that a double submit is processed once. */
  consumedForms?: string[]
  /** The flash message of the next page. */
  flash?: string
  /** The latest answer of the external platform. */
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
