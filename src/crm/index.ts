export { customerActions } from './customer-page/customer-actions.ts'
export { type ApprovalsPanel, customerPage } from './customer-page/customer-pages.ts'
export { findCustomersByEmail, type OwnCustomer } from './customer-page/customers-by-email.ts'
export { editCustomerPages } from './customer-page/edit-customer-pages.ts'
export { listPurchases } from './customer-page/list-purchases.ts'
export { type Changed, changeCustomer } from './customers/change-customer.ts'
export { createCustomer } from './customers/create-customer.ts'
export { customerChanges, newCustomer } from './customers/customer-fields.ts'
export type { Viewer } from './customers/customers-visible-to.ts'
export { type Editor, editorOf } from './customers/editor.ts'
export { findCustomer, type NamedCustomer } from './customers/find-customer.ts'
export { portfolioOf } from './customers/portfolios.ts'
export {
  type Removed,
  removeCustomer,
  restoreCustomer,
  sweepRemovedCustomers,
  UNDO_MINUTES,
} from './customers/remove-customer.ts'
export { viewerOf } from './customers/viewer-of.ts'
export { customerListPages, type SearchLimit } from './list/customer-list-pages.ts'
export { listCustomers } from './list/list-customers.ts'
export { LONGEST_PAGE_KEY, type PagedList, readPageKey, SORTS, writePageKey } from './list/page-key.ts'
export { keepTop3 } from './welcome/top-three.ts'
export { welcomePage } from './welcome/welcome-page.ts'
