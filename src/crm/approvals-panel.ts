import type { Context } from 'koa'

/** What a customer's page shows of the approvals that were asked for. Whoever asks for them fills it in. */
export interface ApprovalsPanel {
  /** The ways of asking; none where there is nobody to ask. */
  scenarios: { value: string; label: string; hint: string }[]
  approvals: { href: string; what: string; by: string; asked: string; state: string; tone: string }[]
}

/** Finds what to show beside a customer that this request may see. */
export type FindApprovals = (ctx: Context, customerId: number) => Promise<ApprovalsPanel>
