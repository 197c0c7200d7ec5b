import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

let found: string | undefined

/** The folder that holds package.json, views/ and db/, wherever this file was compiled to. */
export function projectRoot(): string {
  found ??= nearestPackage(dirname(fileURLToPath(import.meta.url)))
  return found
}

function nearestPackage(folder: string): string {
  if (existsSync(join(folder, 'package.json'))) return folder
  const parent = dirname(folder)
  if (parent === folder)
    throw new TypeError('projectRoot() found no package.json above its own file: keep dist/ inside the project.')
  return nearestPackage(parent)
}
