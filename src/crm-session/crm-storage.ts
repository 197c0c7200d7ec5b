/** The storage of a CRM session, which all tabs of a browser share. */
export interface CrmStorage {
  /** The top 3 customers of a user. `owner` is the userId. The customers are not shown to another user. */
  myTop3?: { owner: string; customers: TopCustomer[] }
  /** The state of the newest sign-up in this session. `ID` is the id of the account. */
  status?: { step: SignUpStep; email: string; ID: string }
  /** The tokens of recently submitted forms. With them, a double submit is processed only once. */
  consumedForms?: string[]
  /** The flash message of the next page. */
  flash?: string
  /** The latest decision of the external platform. */
  lastOperation?: { id: number; state: 'approved' | 'refused' }
}

/** The documented texts. Pages show them unchanged. */
export type SignUpStep = 'Waiting for validation email' | 'Email validated'

export interface TopCustomer {
  id: number
  name: string
  /** In cents. */
  totalPurchase: number
}
