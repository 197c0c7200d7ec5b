import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../../src/config/project-root.ts'
import { type Scope, temporaryFolder } from './process.ts'

const FILES = ['package.json', 'package-lock.json', 'tsconfig.json', 'scripts', 'src', 'db', 'views']

/** A copy of the project, like a clone after `npm ci`. `packages: false`: like a clone before `npm ci`. */
export function makeClone(scope: Scope, { packages = true } = {}): string {
  const clone = join(temporaryFolder(scope), 'clone')
  mkdirSync(clone)
  const isSource = (path: string) => !/\.sqlite(-\w+)?$/.test(path)
  for (const name of FILES) cpSync(join(projectRoot(), name), join(clone, name), { recursive: true, filter: isSource })
  if (packages) symlinkSync(join(projectRoot(), 'node_modules'), join(clone, 'node_modules'))
  return clone
}
