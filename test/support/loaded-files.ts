import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { projectRoot } from '../../src/config/project-root.ts'
import { demoConfig } from './demo.ts'

/** Fails if a new process loads files of this room until the application is ready. */
export function assertNotLoaded(room: string, profile: 'demo' | 'production'): void {
  const loaded = loadedFiles(profile)
  assert.ok(loaded.some((file) => file.endsWith('/src/app/app.ts')))
  assert.deepEqual(
    loaded.filter((file) => file.includes(`/src/${room}/`)),
    [],
  )
}

function loadedFiles(profile: 'demo' | 'production'): string[] {
  const at = (file: string) => JSON.stringify(pathToFileURL(join(projectRoot(), file)).href)
  const script = `
    import { registerHooks } from 'node:module'
    const loaded = []
    registerHooks({ load(url, context, next) {
      if (url.includes('/src/')) loaded.push(url)
      return next(url, context)
    } })
    const { createParts } = await import(${at('src/parts/parts.ts')})
    const { createApp } = await import(${at('src/app/app.ts')})
    const parts = await createParts(${JSON.stringify({ ...demoConfig({ profile }), logLevel: 'silent' })})
    createApp(parts)
    await parts.close({ endSessions: false })
    console.log(JSON.stringify(loaded))`
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  return JSON.parse(out) as string[]
}
