import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../src/config/project-root.ts'

const BANNED = /\b(whoever|somebody|nobody|he|him|his)\b/gi
const TEXTS = /\.(ts|mjs|js|md|eta|css|lua|sql|json)$/
const TEST_NAME = /\btest\(\s*(['"`])((?:\\.|(?!\1)[^\\])*)\1/g

test('comments, texts and test names contain no banned word for a person', () => {
  const files = ['src', 'db', 'views', 'docs'].flatMap(filesIn)
  const found = [...files, 'README.md'].flatMap((file) => bannedIn(file, read(file)))
  for (const file of filesIn('test').filter((name) => /\.(test|spec)\.ts$/.test(name)))
    found.push(...bannedIn(file, testNames(read(file))))
  assert.equal(found.join('\n'), '')
})

test('a banned word is found with its line, in upper or lower case, but not inside another word', () => {
  assert.deepEqual(bannedIn('a.ts', 'one\nHis turn, or nobody’s\nthe this help'), ['a.ts:2: His', 'a.ts:2: nobody'])
  assert.deepEqual(bannedIn('a.ts', testNames("const he = 1\ntest('for him', () => his)\n")), ['a.ts:2: him'])
})

/** Each banned word, as `FILE:LINE: WORD`. */
function bannedIn(file: string, text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, index) => [...line.matchAll(BANNED)].map(([word]) => `${file}:${index + 1}: ${word}`))
}

/** Removes all text except the test names and the line breaks, so that line numbers stay the same. */
function testNames(text: string): string {
  let names = ''
  let end = 0
  for (const { index, 0: call } of text.matchAll(TEST_NAME)) {
    names += text.slice(end, index).replace(/[^\n]/g, '') + call
    end = index + call.length
  }
  return names
}

function filesIn(folder: string): string[] {
  return readdirSync(join(projectRoot(), folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && TEXTS.test(entry.name))
    .map((entry) => relative(projectRoot(), join(entry.parentPath, entry.name)).split(sep).join('/'))
}

function read(file: string): string {
  return readFileSync(join(projectRoot(), file), 'utf8')
}
