import { createRoutes } from '../../src/app/routes.ts'
import type { Demo } from './demo.ts'

export function routesOf({ parts }: Demo) {
  return createRoutes(parts).list()
}
