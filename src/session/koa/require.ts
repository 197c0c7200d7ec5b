import type { IncomingMessage } from 'node:http'
import { type CrossOriginOptions, crossOriginCheck } from '../http/cross-origin.ts'
import {
  deviceBindingGate,
  type Gate,
  type LoginRedirect,
  privilegeGate,
  type RecentLoginOptions,
  recentLoginGate,
  userGate,
  type WithBinding,
  type WithLogin,
  type WithPrivileges,
  type WithUser,
} from '../http/gates.ts'
import { NodeRequestHead } from '../node-http/request.ts'
import type { Declares } from './fits.ts'

/** The parts of a Koa context that these middleware functions use. */
export interface GatedContext<S extends object = object> {
  readonly method: string
  readonly url: string
  /** The URL before a mount has removed its path. */
  readonly originalUrl?: string
  status: number
  redirect(url: string): void
  session?: S | null
}

type Next = () => Promise<unknown>

/**
 * Koa middleware that requires a privilege. Redirects guests without the privilege to the login page.
 * @throws SessionError PRIVILEGE_MISSING (403) for a signed-in user; SESSIONS_OFF (503) if `ctx.session` is null.
 */
export function requirePrivilege<P extends string>(privilege: P, options: LoginRedirect) {
  const gate = privilegeGate(privilege, options)
  return async function requirePrivilege<C extends GatedContext<WithPrivileges>>(
    ctx: C & Declares<C, P>,
    next: Next,
  ): Promise<void> {
    await pass(gate, ctx, next)
  }
}

/**
 * Koa middleware that requires a logged-in user, with or without privileges. Redirects a visitor without a user to the
 * login page.
 * @throws SessionError SESSIONS_OFF (503) if `ctx.session` is null.
 */
export function requireUser(options: LoginRedirect) {
  const gate = userGate(options)
  return async function requireUser(ctx: GatedContext<WithUser>, next: Next): Promise<void> {
    await pass(gate, ctx, next)
  }
}

/**
 * Koa middleware for step-up. Redirects to `confirmPath` unless the user authenticated on this device within the last
 * `withinMinutes` minutes. A one-time link is no authentication. Mount this middleware after `requirePrivilege`.
 * @throws TypeError for an invalid `withinMinutes`. SessionError SESSIONS_OFF (503) if `ctx.session` is null.
 */
export function requireRecentLogin(options: RecentLoginOptions) {
  const gate = recentLoginGate(options)
  return async function requireRecentLogin(ctx: GatedContext<WithLogin>, next: Next): Promise<void> {
    await pass(gate, ctx, next)
  }
}

/**
 * Koa middleware that requires a cookie that is bound to a key of the browser (option `deviceBinding`).
 * @throws SessionError DEVICE_NOT_BOUND (403) for another cookie; SESSIONS_OFF (503) if `ctx.session` is null.
 */
export function requireDeviceBinding() {
  const gate = deviceBindingGate()
  return async function requireDeviceBinding(ctx: GatedContext<WithBinding>, next: Next): Promise<void> {
    await pass(gate, ctx, next)
  }
}

/**
 * Koa middleware against CSRF. Mount it above `sessions`.
 * @throws SessionError CROSS_ORIGIN (403) for a request from a page of another origin, except for links to pages.
 */
export function crossOriginGuard(options: CrossOriginOptions = {}) {
  const check = crossOriginCheck('crossOriginGuard()', options)
  return async function crossOriginGuard(
    { req, method, url }: { req: IncomingMessage; method: string; url: string },
    next: Next,
  ): Promise<void> {
    check(new NodeRequestHead(req, { method, url, address: null, encrypted: false }))
    await next()
  }
}

async function pass<S extends object>(gate: Gate<S>, ctx: GatedContext<S>, next: Next): Promise<void> {
  const location = gate(ctx.session, { method: ctx.method, url: ctx.originalUrl ?? ctx.url })
  if (location === undefined) {
    await next()
    return
  }
  ctx.status = 303
  ctx.redirect(location)
}
