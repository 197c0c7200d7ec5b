import { cpSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../../src/config/project-root.ts'
import { type Scope, temporaryFolder } from './process.ts'

/** The project as it is after a clone and `npm ci`, in a folder of its own, so that what compiles there disturbs nobody. */
export function makeClone(scope: Scope): string {
  const clone = join(temporaryFolder(scope), 'clone')
  mkdirSync(clone)
  const isSource = (path: string) => !/\.sqlite(-\w+)?$/.test(path)
  for (const name of ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts', 'src', 'db', 'views'])
    cpSync(join(projectRoot(), name), join(clone, name), { recursive: true, filter: isSource })
  symlinkSync(join(projectRoot(), 'node_modules'), join(clone, 'node_modules'))
  return clone
}
