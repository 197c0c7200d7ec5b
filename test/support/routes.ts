import { createRoutes } from '../../src/app/routes.ts'
import type { Demo } from './demo.ts'

export function routesOf({ parts }: Demo): { method: string; path: string }[] {
  return createRoutes(parts).stack.flatMap(({ methods, path }) =>
    methods.map((method) => ({ method, path: String(path) })),
  )
}
