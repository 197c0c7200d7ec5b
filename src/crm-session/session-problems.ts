import type { Context } from 'koa'
import { SessionError } from '../session/index.ts'
import type { ErrorPage } from '../web/error-pages.ts'

/** Returns the error page of a `SessionError`, or `undefined` for other errors. */
export function describeSessionProblem(error: unknown, ctx: Context): ErrorPage | undefined {
  if (!(error instanceof SessionError)) return undefined
  switch (error.code) {
    case 'PRIVILEGE_MISSING':
      return {
        title: 'You may not open this page',
        text: `It needs the privilege “${error.privilege}”, which your account does not have.`,
      }
    case 'SESSION_ENDED':
    case 'GUEST_NOT_STARTED':
      return {
        title: 'Your session has ended',
        text: 'Nothing was changed. It was closed here or on another device, or replaced by a login.',
        action: { label: 'Start again', href: '/authenticate.shtml' },
      }
    case 'DEVICE_NOT_PROVED':
      return {
        title: 'This browser did not prove its key',
        text: 'Nothing was changed. Your session is bound to a key, and this request came without a proof of it.',
        action: { label: 'Log In', href: '/authenticate.shtml' },
      }
    case 'DEVICE_NOT_BOUND':
      return {
        title: 'This page needs a bound device',
        text: 'Your session is not bound to a key of this browser. Log in again with a browser that has such keys.',
        action: { label: 'Log In', href: '/authenticate.shtml' },
      }
    case 'SESSIONS_OFF':
      return {
        title: 'This server runs without sessions',
        text: 'Signing in is impossible here, so this page has nothing to show. Start the server with SESSIONS=scalable to use it.',
      }
    case 'SESSION_LIMIT':
      return {
        title: 'All places are taken',
        text: 'As many people as this server admits are signed in. Please try again in a while (5503).',
      }
    case 'STORAGE_UNREADABLE':
      return {
        title: 'The data of your session cannot be read',
        text: 'It is damaged, and nothing was changed. Log in again to start with a new session.',
        action: { label: 'Log In', href: '/authenticate.shtml' },
      }
    case 'STORE_UNAVAILABLE':
    case 'SESSION_BUSY':
    case 'STORAGE_NEWER':
    case 'USE_TIMEOUT':
      return {
        title: 'Your session cannot be reached right now',
        ...(isRepeatable(ctx)
          ? {
              text: `${whoIsIn(ctx)} Please try again in a few seconds.`,
              action: { label: 'Try again', href: '' },
            }
          : { text: `${whoIsIn(ctx)} Wait a few seconds, go back, and try again.` }),
      }
    default:
      return undefined
  }
}

/** Says who is signed in. If the store fails before the session is read, the user is unknown. */
function whoIsIn({ session }: Context): string {
  if (!session) return 'Nothing is lost: signed-in users are still signed in.'
  return session.isGuest() ? 'You are not signed in.' : 'You are still signed in.'
}

function isRepeatable({ method }: Context): boolean {
  return method === 'GET' || method === 'HEAD'
}
