import type { sessionHandler } from '../../../../../src/session/fetch/index.ts'
import { sessionRoute } from '../../../../../src/session/fetch/next.ts'
import { fetchContract } from '../../../../../test/session/adapters/fetch-contract.ts'
import { manager } from '../../manager.ts'

const answer = fetchContract(manager, sessionRoute as typeof sessionHandler)

export const GET = answer
export const HEAD = answer
export const POST = answer
