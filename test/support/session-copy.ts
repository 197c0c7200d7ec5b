import assert from 'node:assert/strict'
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { projectRoot } from '../../src/config/project-root.ts'
import { type Ended, Program, type Scope } from './process.ts'

const STRICT = {
  target: 'es2023',
  lib: ['es2022'],
  types: ['node'],
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
}

/** The compiler options of an application with a copy of the layer. */
export const COMPILERS = {
  /** Node runs the sources. */
  checked: { ...STRICT, module: 'nodenext', allowImportingTsExtensions: true, noEmit: true },
  compiled: { ...STRICT, module: 'nodenext', rewriteRelativeImportExtensions: true, outDir: 'out', rootDir: '.' },
  bundler: { ...STRICT, module: 'esnext', moduleResolution: 'bundler', noEmit: true },
}

/** Runs `session:copy` or `session:update` of this project, or of a copy of this project in `root`. */
export function runSessionScript(
  scope: Scope,
  name: 'copy' | 'update',
  args: readonly string[],
  { root = projectRoot() }: { root?: string } = {},
): Promise<Ended> {
  return new Program(scope, { entry: join(root, `scripts/session-layer/session-${name}.ts`), args, cwd: root }).run()
}

/** Runs `session:copy` and returns the printed lines of code for each framework. */
export async function copySession(
  scope: Scope,
  args: readonly string[],
  options?: { root: string },
): Promise<Record<string, string>> {
  const { code, stdout, stderr } = await runSessionScript(scope, 'copy', args, options)
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' })
  const [, ...printed] = stdout.split('The first lines of a file beside the folder, for ')
  return Object.fromEntries(printed.map((text) => text.split(/ \(more in .+\):\n\n/)))
}

/** Makes the folder an application with these packages of this project, or of an example of this project. */
export function writeApplication(
  folder: string,
  packages: readonly string[],
  compiler: object,
  { type = 'module', example = '.' }: { type?: string; example?: string } = {},
): void {
  for (const name of packages) {
    const link = join(folder, 'node_modules', name)
    const places = [join(example, 'node_modules', name), join('node_modules', name)].map((place) =>
      join(projectRoot(), place),
    )
    const found = places.find((place) => existsSync(place))
    assert.ok(found, `${name} is not installed. Run: npm ci --prefix ${example}`)
    mkdirSync(dirname(link), { recursive: true })
    symlinkSync(found, link)
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type }))
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: compiler }))
}

/** Compiles a folder. Returns the messages of the compiler. */
export async function compile(scope: Scope, folder: string): Promise<string> {
  const tsc = new Program(scope, { entry: 'node_modules/typescript/bin/tsc', args: ['-p', '.'], cwd: folder })
  const { code, stdout, stderr } = await tsc.run()
  return code === 0 ? stdout : `${stdout}${stderr}code ${code}`
}
