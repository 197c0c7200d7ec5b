import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { isSafe } from 'redos-detector'
import type { Node } from 'typescript/unstable/ast'
import { isRegularExpressionLiteral } from 'typescript/unstable/ast/is'
import { API } from 'typescript/unstable/sync'
import { projectRoot } from '../src/config/project-root.ts'
import { temporaryFolder } from './support/process.ts'

const ROOT = projectRoot()
const LIMITS = { maxScore: 10, maxSteps: 3000 }

const SHORT = 'the text has at most 500 characters'
const OWN_TEXT = 'the text is not from a request'
const ONE_WAY = 'each character can be read in one way only, and the detector gives up'
const SEPARATED = 'no loop reads the character before it, so the attempts share no characters'

/** The detector reports these expressions. Each took less than 20 ms for 64 KB of the text that delays it most. */
const EXCEPTIONS: [RegExp, reason: string][] = [
  [/\bVersion\/[\d.]+.*\bSafari\//, SHORT],
  [
    /\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|timeout|terminated unexpectedly)\b/,
    OWN_TEXT,
  ],
  [/(^|,)\s*(cookie|\*)\s*(,|$)/i, OWN_TEXT],
  [/\{(\w+)\}/g, OWN_TEXT],
  [/^(?:[^<>"\p{Cc}]*<([^<>]+)>|([^<>]+))$/u, OWN_TEXT],
  [/^(?:[^\p{Cc}\p{Cs}]|[\t\n\r])*$/u, ONE_WAY],
  [
    /^(?:[^\p{Cc}\p{Cs}\p{Cf}]|(?<=[\p{L}\p{M}\p{Extended_Pictographic}\p{Emoji_Modifier}])[\u200c\u200d](?=[\p{L}\p{M}\p{Extended_Pictographic}]))*$/u,
    ONE_WAY,
  ],
  [/^(localhost|.*\.localhost|(::ffff:)?127(\.\d+){3}|\[?::1\]?)$/i, ONE_WAY],
  [/pass|token|secret|cookie|authorization|4dsid|^\W*(?:state|params|once)\W*$/i, ONE_WAY],
  [/[ \t,]*(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?=,|$)/gy, 'a sticky expression begins at one place only'],
  [/(?<![\w-])[\w-]*[0-9a-f]{32}\.[\w-]*/gi, 'a match begins only at the first character of a word'],
  [/[\w-]{43,}/g, 'an attempt that fails reads less than 43 characters'],
  [
    /[0-9a-f]{32,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi,
    'an attempt that fails reads less than 36 characters',
  ],
  [/(^|&)(?!refresh=)[^=&]+=(&|$)/, SEPARATED],
  [/:\d+$/, SEPARATED],
  [/\/(devices\/[^/]+|account\/sessions\/[^/]+\/[^/]+)\/end$/, SEPARATED],
]

test('[DOC-6] no regular expression takes more than linear time for a long text from a request', (t) => {
  const found = expressionsIn(t, globSync('{src,db,views}/**/*.{ts,js}', { cwd: ROOT }))
  assert.ok(found.length > 150)
  const reported = found.filter(({ expression }) => !isLinear(expression)).map(({ text }) => text)
  assert.deepEqual([...new Set(reported)].sort(), EXCEPTIONS.map(([expression]) => String(expression)).sort())
})

test('[DOC-6] the detector reports a regular expression with nested or neighbouring loops', () => {
  for (const slow of [/^(a+)+$/, /\s*;\s*/, /^[a-z@]+@[a-z@]+$/]) assert.equal(isLinear(slow), false, String(slow))
  for (const fast of [/^[a-z]+@[a-z]+$/, /^\d+$/, /%/]) assert.equal(isLinear(fast), true, String(fast))
})

test('[DOC-6] regular expressions are made only from constants', () => {
  const files = globSync('{src,db,views}/**/*.{ts,js}', { cwd: ROOT })
  assert.deepEqual(
    files.filter((file) => /\bRegExp\(/.test(readFileSync(join(ROOT, file), 'utf8'))),
    // The paths of the API are constants.
    ['src/api/find-endpoint.ts'],
  )
  const templates = globSync('views/**/*.eta', { cwd: ROOT }).map((file) => readFileSync(join(ROOT, file), 'utf8'))
  for (const template of templates)
    for (const [code] of template.matchAll(/<%[^%]*%>/g)) assert.doesNotMatch(code, /[(,=]\s*\/[^/*>]/)
})

function isLinear(expression: RegExp): boolean {
  return isSafe(expression, LIMITS).safe
}

/** Reads the literals with the parser of TypeScript. */
function expressionsIn(
  t: Parameters<typeof temporaryFolder>[0],
  files: string[],
): { text: string; expression: RegExp }[] {
  const paths = files.map((file) => join(ROOT, file))
  const project = join(temporaryFolder(t), 'tsconfig.json')
  writeFileSync(
    project,
    JSON.stringify({ compilerOptions: { allowJs: true, noResolve: true, types: [] }, files: paths }),
  )
  const api = new API({ cwd: ROOT })
  t.after(() => api.close())
  const program = api.updateSnapshot({ openProjects: [project] }).getProject(project)?.program
  return paths.flatMap((path) => {
    const source = program?.getSourceFile(path)
    assert.ok(source, `TypeScript did not read ${path}`)
    const texts: string[] = []
    const visit = (node: Node): void => {
      if (isRegularExpressionLiteral(node)) texts.push(node.text)
      node.forEachChild(visit)
    }
    visit(source)
    return texts.map((text) => {
      const end = text.lastIndexOf('/')
      return { text, expression: new RegExp(text.slice(1, end), text.slice(end + 1)) }
    })
  })
}
