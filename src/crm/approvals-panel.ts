import type { Context } from 'koa'

export interface ApprovalsPanel {
  /** The ways in which the external platform can call back. Empty when no platform is configured. */
  scenarios: { value: string; label: string; hint: string }[]
  approvals: { href: string; what: string; by: string; asked: string; state: string; tone: string }[]
}

/** Returns the approvals for a customer that this request may see. */
export type FindApprovals = (ctx: Context, customerId: number) => Promise<ApprovalsPanel>
