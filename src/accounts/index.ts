export { DEMO_PASSWORD, type DemoAccount, demoAccounts } from './demo-accounts.js'
export { homePage } from './home-page.js'
export { LoginLimit } from './login-limit.js'
export { loginPages } from './login-pages.js'
export { createPasswords, LONGEST_PASSWORD_BYTES, type Passwords, passwordProblem } from './passwords.js'
export {
  AccountError,
  type AccountParts,
  addSalesperson,
  changeRole,
  disableSalesperson,
  enableSalesperson,
  type NewSalesperson,
} from './salespersons.js'
