export { DEMO_PASSWORD, type DemoAccount, demoAccounts } from '../../db/demo/demo-accounts.ts'
export { linkConfirmation } from '../crm-session/link-confirmation.ts'
export { composeMail } from './account-mail.ts'
export { accountPages } from './administration/account-pages.ts'
export { mailAboutCopies } from './mail/copied-cookie.ts'
export { declineLink } from './mail/decline-link.ts'
export { MAILED_LINK_SECONDS } from './mail/mailed-link.ts'
export { apiTokenPages } from './own-account/api-token-pages.ts'
export { devicePages } from './own-account/device-pages.ts'
export { emailPages } from './own-account/email-pages.ts'
export { ownPage } from './own-account/own-page.ts'
export { passwordPages } from './own-account/password-pages.ts'
export { ResetLimit } from './password-reset/reset-limit.ts'
export { RESET_PATH, resetPages } from './password-reset/reset-pages.ts'
export { setPassword } from './password-reset/reset-password.ts'
export { type Account, identityOf } from './people/account.ts'
export { changeRole, disableAccount, enableAccount } from './people/account-changes.ts'
export { findAccount } from './people/account-list.ts'
export { accounts } from './people/accounts.ts'
export {
  type CurrentAccountParts,
  currentAccount,
  endChanged,
  readAccount,
  refuseChangedAccount,
} from './people/current-account.ts'
export { refuseDemoPasswords } from './people/demo-passwords.ts'
export {
  consumeAll,
  type Limiter,
  type LimiterOptions,
  limiterInMemory,
  type MakeLimiter,
  NetworkLimiter,
} from './people/limiter.ts'
export { type AccountName, LONGEST_ACCOUNT_NAME, LONGEST_TYPED_PASSWORD, readAccountName } from './people/login-form.ts'
export { newPasswordProblem, SHORTEST_PASSWORD } from './people/new-password.ts'
export { createPasswords, LONGEST_PASSWORD_BYTES, type Passwords, passwordProblem } from './people/passwords.ts'
export {
  AccountError,
  addSalesperson,
  type NewSalesperson,
} from './people/salespersons.ts'
export { stampsOf } from './people/security-stamp.ts'
export { highestStoredCost } from './people/stored-passwords.ts'
export { MOST_CUSTOMERS_AN_HOUR, MOST_SEARCHES_A_MINUTE, UsageLimit } from './people/usage-limit.ts'
export { confirmPages, RECENT_MINUTES } from './sign-in/confirm-pages.ts'
export { type DeviceCookie, deviceCookie } from './sign-in/device-cookie.ts'
export { homePage } from './sign-in/home-page.ts'
export { LoginLimit } from './sign-in/login-limit.ts'
export { loginPages, REMEMBER_DAYS } from './sign-in/login-pages.ts'
export { type SignedIn, type SignInParts, signIn } from './sign-in/sign-in.ts'
export { LinkLimit, limitLinks } from './sign-up/link-limit.ts'
export { signUpEvents } from './sign-up/sign-up-events.ts'
export { SignUpLimit } from './sign-up/sign-up-limit.ts'
export { signUpPages } from './sign-up/sign-up-pages.ts'
export { validateEmailPages } from './sign-up/validate-email.ts'
export { sweepSignUps } from './sweep-accounts.ts'
