import { dirname } from 'node:path'

const root = dirname(dirname(import.meta.dirname))

/** The folder that holds package.json, views/ and db/. */
export function projectRoot(): string {
  return root
}
