/** Where somebody of the staff is after the login, as documented. */
export const WELCOME_PAGE = '/authenticationOK.shtml'
/** Where a customer who signed up is. */
export const CUSTOMERS_PAGE = '/account'
/** Where somebody sees where he is signed in. */
export const OWN_DEVICES_PAGE = '/account/sessions'
