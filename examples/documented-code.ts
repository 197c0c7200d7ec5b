import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'

const ROOT = dirname(import.meta.dirname)
const OPTIONS = {
  target: 'es2023',
  lib: ['es2023', 'dom'],
  module: 'esnext',
  moduleResolution: 'bundler',
  jsx: 'react-jsx',
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules', '@types')],
  strict: true,
  skipLibCheck: true,
  allowImportingTsExtensions: true,
  noEmit: true,
}

/**
 * Registers a test that type-checks the code of a page in `src/session/docs`.
 * @param example the folder of the example whose packages the code imports.
 */
export function proveDocumentedCode(page: string, example: string): void {
  test(`[ADAPT-17] the code in ${page} type-checks with the packages of the framework`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'documented-'))
    t.after(() => rmSync(folder, { recursive: true }))
    symlinkSync(join(ROOT, 'src', 'session'), join(folder, 'session'))
    symlinkSync(join(example, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: OPTIONS, exclude: ['session'] }))
    const blocks = readFileSync(join(ROOT, 'src', 'session', 'docs', page), 'utf8').matchAll(/^```ts\n([\s\S]+?)^```/gm)
    for (const [, code = ''] of blocks) {
      const path = join(folder, /^\/\/ (\S+)\n/.exec(code)?.[1] ?? 'page.ts')
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, code)
    }
    const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
    await promisify(execFile)(process.execPath, [tsc, '-p', folder])
  })
}
