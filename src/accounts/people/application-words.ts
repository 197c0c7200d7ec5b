/** Words that an attacker of this application tries first. `newPasswordProblem` adds the name of the application. */
export const APPLICATION_WORDS = [
  'crm',
  'koa',
  'demo',
  'session',
  'sessions',
  'customer',
  'customers',
  'sales',
  'salesperson',
  'manager',
  'administrator',
  'admin',
  'login',
  'welcome',
  'password',
  'secret',
]
