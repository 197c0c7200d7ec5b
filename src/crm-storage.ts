/** What the CRM keeps in a session, shared by all tabs of one browser. */
export interface CrmStorage {
  /** The best customers of whoever signed in; `owner` is his userId, so that nobody is shown somebody else's. */
  myTop3?: { owner: string; customers: TopCustomer[] }
}

export interface TopCustomer {
  id: number
  name: string
  /** In cents. */
  totalPurchase: number
}
