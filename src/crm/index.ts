export { type Changed, changeCustomer } from './change-customer.ts'
export { createCustomer } from './create-customer.ts'
export { customerActions } from './customer-actions.ts'
export { customerChanges, newCustomer } from './customer-fields.ts'
export { customerListPages, type SearchLimit } from './customer-list-pages.ts'
export { type ApprovalsPanel, customerPage } from './customer-pages.ts'
export { findCustomersByEmail, type OwnCustomer } from './customers-by-email.ts'
export type { Viewer } from './customers-visible-to.ts'
export { editCustomerPages } from './edit-customer-pages.ts'
export { type Editor, editorOf } from './editor.ts'
export { findCustomer, type NamedCustomer } from './find-customer.ts'
export { listCustomers } from './list-customers.ts'
export { listPurchases } from './list-purchases.ts'
export { LONGEST_PAGE_KEY, type PagedList, readPageKey, SORTS, writePageKey } from './page-key.ts'
export { portfolioOf } from './portfolios.ts'
export {
  type Removed,
  removeCustomer,
  restoreCustomer,
  sweepRemovedCustomers,
  UNDO_MINUTES,
} from './remove-customer.ts'
export { keepTop3 } from './top-three.ts'
export { viewerOf } from './viewer-of.ts'
export { welcomePage } from './welcome-page.ts'
