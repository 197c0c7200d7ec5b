import type { Context } from 'koa'

/** The approvals on a customer's page. */
export interface ApprovalsPanel {
  /** The callback scenarios to choose from; empty when no platform is configured. */
  scenarios: { value: string; label: string; hint: string }[]
  approvals: { href: string; what: string; by: string; asked: string; state: string; tone: string }[]
}

/** Returns the approvals for a customer that this request may see. */
export type FindApprovals = (ctx: Context, customerId: number) => Promise<ApprovalsPanel>
