import type { ServerResponse } from 'node:http'
import type { Gate } from '../http/gates.ts'
import { type NodeRequest, nodeHead } from './open-request.ts'

/** A request whose session a handler has opened. */
export interface GatedRequest<S extends object = object> extends NodeRequest {
  session?: S | null
}

/** Returns true for access. Otherwise, sends a redirect and returns false. */
export function passes<S extends object>(gate: Gate<S>, req: GatedRequest<S>, res: ServerResponse): boolean {
  const location = gate(req.session, nodeHead(req, null))
  if (location === undefined) return true
  res.statusCode = 303
  res.setHeader('Location', location)
  res.end()
  return false
}
