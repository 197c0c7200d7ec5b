import { StartError } from '../src/config/start-error.ts'
import { DatabaseUnavailable } from './errors.ts'

/** The parts of the address except the password. `variable` is the name of the setting with the address. */
interface Place {
  host: string
  port: string
  user: string
  database: string
  variable: string
}

/** Converts a known error to a `StartError` that says what to do. Returns other errors unchanged. */
export function explainPostgresError(error: unknown, url: string, variable: string): unknown {
  const cause = error instanceof DatabaseUnavailable ? error.cause : error
  const { code, severity, message } = Object(cause) as Record<string, unknown>
  const place = placeOf(url, variable)
  const server = `PostgreSQL at ${place.host}:${place.port}`
  const explained = (text: string) => new StartError(text, { cause })
  const words = typeof severity === 'string' ? ANSWERS[String(code)] : undefined
  if (words !== undefined) return explained(`${server} ${words(place, String(message))}`)
  if (/password must be a string/.test(String(message)))
    return explained(`${server} wants a password for "${place.user}". Put it into ${variable}: user:password@host.`)
  if (NO_ANSWER.test(`${code} ${message}`))
    return explained(
      `PostgreSQL does not answer at ${place.host}:${place.port}. Start it there, or correct ${variable}.`,
    )
  return error instanceof DatabaseUnavailable ? explained(`${server} cannot be used (${variable}): ${message}`) : error
}

/** Returns the database's name for messages: `"crm" at localhost:5432`. */
export function nameOfPostgres(url: string): string {
  const { host, port, database } = placeOf(url, '')
  return `"${database}" at ${host}:${port}`
}

const NO_ANSWER =
  /\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|timeout|terminated unexpectedly)\b/

const refusesUser = ({ user, variable }: Place, message: string) =>
  `does not let "${user}" in: ${message}. Check the user and the password in ${variable}.`

// The texts of the errors by SQLSTATE. The messages of PostgreSQL never contain a password.
const ANSWERS: Record<string, (place: Place, message: string) => string> = {
  '28000': refusesUser,
  '28P01': refusesUser,
  '3D000': ({ host, port, user, database, variable }) =>
    `has no database "${database}". Create it with: createdb -h ${host} -p ${port} -U ${user} ${database} (or correct ${variable}).`,
  '3F000': ({ database, user, variable }, message) =>
    `cannot tell where in "${database}" tables belong: ${message}. Create a schema for "${user}", or correct ${variable}.`,
  '42501': ({ database, user, variable }, message) =>
    `does not give "${user}" the required privileges: ${message}. Let an administrator run: ` +
    `GRANT CONNECT, CREATE ON DATABASE "${database}" TO "${user}"; GRANT USAGE, CREATE ON SCHEMA public TO "${user}"; ` +
    `or name the owner of the tables in ${variable}.`,
  '42P07': ({ database, variable }, message) =>
    `has tables in "${database}" that this program did not create: ${message}. Point ${variable} at another database; nothing was changed.`,
  '53300': ({ variable }, message) =>
    `accepts no more connections: ${message}. Raise its max_connections, or stop a program that holds some (${variable}).`,
  '57P03': ({ variable }, message) => `is not ready: ${message}. Try again in a moment (${variable}).`,
}

function placeOf(url: string, variable: string): Place {
  const { hostname, port, username, pathname } = new URL(url)
  const user = decoded(username) || (process.env.USER ?? 'postgres')
  return {
    host: hostname,
    port: port || '5432',
    user,
    database: decoded(pathname.slice(1)) || user,
    variable,
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
