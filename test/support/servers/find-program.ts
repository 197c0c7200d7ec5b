import { accessSync, constants, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'

export function findProgram(name: string, elsewhere: readonly string[] = []): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...elsewhere]
  return folders.map((folder) => join(folder, name)).find(isExecutable)
}

/** The entries of a folder that has one entry for each version, newest version first. */
export function versionsIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort((a, b) => Number(b) - Number(a))
  } catch {
    return []
  }
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
