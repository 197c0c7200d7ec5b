import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root, run } from './run-program.mjs'

/** `npm ci` skips the development tools when NODE_ENV is `production`. */
export async function ensureDevTools() {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const missing = Object.keys(devDependencies).filter((name) => !existsSync(join(root, 'node_modules', name)))
  if (missing.length === 0) {
    console.log('all there')
    return
  }
  console.log(`installing ${missing.join(', ')}`)
  const { NODE_ENV: _production, ...env } = process.env
  const npm = process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ['npm']
  const [program, ...before] = npm
  const args = [...before, 'install', '--include=dev', '--no-save', '--no-audit', '--no-fund']
  await run(program, args, 'The development tools could not be installed.', env)
}
