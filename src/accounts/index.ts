export { composeMail } from './account-mail.js'
export { apiTokenPages } from './api-token-pages.js'
export type { Account } from './authenticate.js'
export { confirmPages, RECENT_MINUTES } from './confirm-pages.js'
export { DEMO_PASSWORD, type DemoAccount, demoAccounts } from './demo-accounts.js'
export { devicePages } from './device-pages.js'
export { emailPages } from './email-pages.js'
export { findAccount } from './find-account.js'
export { homePage } from './home-page.js'
export { type Limiter, type LimiterOptions, limiterInMemory, type MakeLimiter } from './limiter.js'
export { linkConfirmation } from './link-confirmation.js'
export { type AccountName, LONGEST_ACCOUNT_NAME, LONGEST_TYPED_PASSWORD, readAccountName } from './login-form.js'
export { LoginLimit } from './login-limit.js'
export { loginPages } from './login-pages.js'
export { newPasswordProblem, SHORTEST_PASSWORD } from './new-password.js'
export { ownPage } from './own-page.js'
export { passwordPages } from './password-pages.js'
export { createPasswords, LONGEST_PASSWORD_BYTES, type Passwords, passwordProblem } from './passwords.js'
export { type Person, personOf } from './person.js'
export {
  AccountError,
  type AccountParts,
  addSalesperson,
  changeRole,
  disableSalesperson,
  enableSalesperson,
  type NewSalesperson,
} from './salespersons.js'
export { type SignedIn, type SignInParts, signIn } from './sign-in.js'
export { signUpEvents } from './sign-up-events.js'
export { SignUpLimit } from './sign-up-limit.js'
export { signUpPages } from './sign-up-pages.js'
export { startSweepingSignUps, sweepSignUps } from './sign-up-sweeper.js'
export { validateEmailPages } from './validate-email.js'
