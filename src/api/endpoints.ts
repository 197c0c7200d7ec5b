import type { ApiParts } from './api-parts.ts'
import { customerEndpoints } from './customer-endpoints.ts'
import { customerListEndpoints } from './customer-list-endpoints.ts'
import type { Endpoint } from './endpoint.ts'
import { meEndpoints } from './me-endpoints.ts'
import { signInEndpoints } from './sign-in-endpoints.ts'
import { variableEndpoints } from './variable-endpoints.ts'

export function allEndpoints(parts: ApiParts): Endpoint[] {
  return [
    ...signInEndpoints(parts),
    ...meEndpoints(parts),
    ...customerListEndpoints(parts),
    ...customerEndpoints(parts),
    ...variableEndpoints(),
  ]
}
