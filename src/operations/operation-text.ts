import type { Operation, OperationState } from '../../db/tables.ts'

/** The texts for a state. `tone` selects their colour. */
interface StateText {
  label: string
  text: string
  tone: 'waiting' | 'good' | 'bad'
}

const TEXTS: Record<OperationState, StateText> = {
  asked: {
    label: 'waiting',
    text: 'The platform has the request, and the decision is open. This page updates automatically.',
    tone: 'waiting',
  },
  approved: { label: 'approved', text: 'The platform called back: the discount may be given.', tone: 'good' },
  refused: { label: 'refused', text: 'The platform called back: the discount is refused.', tone: 'bad' },
  unreachable: {
    label: 'platform unreachable',
    text: 'The platform could not be reached, so nothing was asked. Try again in a while.',
    tone: 'bad',
  },
  unanswered: {
    label: 'no answer',
    text: 'The platform did not answer in time, so the request was withdrawn. A later answer does not count.',
    tone: 'bad',
  },
  rejected: { label: 'not accepted', text: 'The platform did not accept the request.', tone: 'bad' },
  expired: {
    label: 'expired',
    text: 'There was no decision in time. The platform’s link no longer works.',
    tone: 'bad',
  },
}

/** The ways in which a callback can contain the token, as 4D documents them. */
export const SCENARIOS = [
  {
    value: '$4DSID',
    label: '$4DSID',
    hint: 'the token is in the callback URL; the session is restored automatically',
  },
  { value: 'state', label: 'state', hint: 'the token travels as a parameter; the handler calls restore' },
  { value: 'rest', label: 'REST', hint: 'the callback calls a REST function; the token is in $params' },
] as const satisfies { value: Operation['scenario']; label: string; hint: string }[]

export function textOf(state: OperationState): StateText {
  return TEXTS[state]
}

/** Returns "expired" for an operation past its deadline, even when the stored state is still "asked". */
export function stateAt({ state, expires_at }: Pick<Operation, 'state' | 'expires_at'>, now: number): OperationState {
  return state === 'asked' && expires_at <= new Date(now).toISOString() ? 'expired' : state
}

export function titleOf({ percent }: Pick<Operation, 'percent'>): string {
  return `${percent}% discount`
}
