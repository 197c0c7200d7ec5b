import type { ApiParts } from './api-parts.js'
import { customerEndpoints } from './customer-endpoints.js'
import { customerListEndpoints } from './customer-list-endpoints.js'
import type { Endpoint } from './endpoint.js'
import { meEndpoints } from './me-endpoints.js'
import { signInEndpoints } from './sign-in-endpoints.js'
import { variableEndpoints } from './variable-endpoints.js'

/** Everything that the API can do: the requests are routed, and the OpenAPI document is made, by this list. */
export function allEndpoints(parts: ApiParts): Endpoint[] {
  return [
    ...signInEndpoints(parts),
    ...meEndpoints(parts),
    ...customerListEndpoints(parts),
    ...customerEndpoints(parts),
    ...variableEndpoints(),
  ]
}
