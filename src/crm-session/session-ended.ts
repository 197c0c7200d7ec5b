import type { Context, Next } from 'koa'

/** The login page shows a reason when its URL has this parameter. */
export const ENDED_PARAMETER = 'ended'
/** The value of the parameter for a browser that did not prove the key of its cookie. */
export const WITHOUT_KEY = 'key'

/** Adds a parameter to a redirect to the login page if the session of the request's cookie has ended or cannot be used. */
export function tellLoginOfEnd(loginPath: string, cookieName: string | undefined) {
  return async function tellLoginOfEnd(ctx: Context, next: Next) {
    const hasEnded =
      cookieName !== undefined && ctx.session?.isNew === true && ctx.cookies.get(cookieName) !== undefined
    await next()
    const target = ctx.response.get('Location')
    if (hasEnded && ctx.status === 303 && target.startsWith(`${loginPath}?`))
      ctx.redirect(`${target}&${ENDED_PARAMETER}=${ctx.session?.bindingFailed ? WITHOUT_KEY : 1}`)
  }
}
