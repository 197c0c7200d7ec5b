import type { Context } from 'koa'

/** The approvals on a customer's page. */
export interface ApprovalsPanel {
  /** The ways of asking; empty without a platform. */
  scenarios: { value: string; label: string; hint: string }[]
  approvals: { href: string; what: string; by: string; asked: string; state: string; tone: string }[]
}

/** Finds the approvals for a customer that this request may see. */
export type FindApprovals = (ctx: Context, customerId: number) => Promise<ApprovalsPanel>
