import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../src/config/project-root.ts'

const MOST_LINES_OF_README = 120
const LAYER = 'src/session/'

const NOT_OURS = new Set(['.git', '.node', 'node_modules', 'report', 'results'])
const PAGES = pagesBelow('.')
const FENCED = /^ *```[\s\S]*?^ *```/gm

test('every relative link of every page leads to a file, and every anchor to a heading', () => {
  assert.ok(PAGES.length > 50, `only ${PAGES.length} pages were found`)
  assert.deepEqual(
    PAGES.flatMap((page) => brokenLinks(page)),
    [],
  )
})

test('the pages of the session layer link to nothing outside of their folder, because the folder is copied alone', () => {
  const foreign = PAGES.filter((page) => page.startsWith(LAYER)).flatMap((page) =>
    linksOf(page)
      .filter(({ file }) => !file.startsWith(LAYER))
      .map(({ file }) => `${page}: ${file}`),
  )
  assert.deepEqual(foreign, [])
})

for (const [index, folder] of [
  ['docs/README.md', 'docs/'],
  ['docs/decisions/README.md', 'docs/decisions/'],
  ['src/session/README.md', 'src/session/docs/'],
] as const) {
  test(`${index} lists every page of ${folder}`, () => {
    const listed = new Set(linksOf(index).map(({ file }) => file))
    const pages = PAGES.filter((page) => `${dirname(page)}/` === folder && page !== index)
    assert.ok(pages.length > 0)
    assert.deepEqual(
      pages.filter((page) => !listed.has(page)),
      [],
    )
  })
}

test(`the README has at most ${MOST_LINES_OF_README} lines`, () => {
  const lines = read('README.md').trimEnd().split('\n').length
  assert.ok(lines <= MOST_LINES_OF_README, `${lines} lines`)
})

test('the example of the README is part of an application that is tested', () => {
  const [example = ''] = /(?<=```ts\n)[\s\S]+?(?=```)/.exec(read('README.md')) ?? []
  const tested = new Set(read('test/session/fixtures/copied-app.ts.txt').split('\n'))
  assert.match(example, /setPrivileges/)
  assert.deepEqual(
    example.split('\n').filter((line) => !tested.has(line) && line !== ''),
    [],
  )
})

test('a link to a missing file or a missing heading is reported', () => {
  assert.deepEqual(brokenLinks('README.md', '[a](docs/none.md) [b](docs/README.md#none) [c](#none) `[d](none)`'), [
    'README.md: docs/none.md does not exist',
    'README.md: docs/README.md has no heading #none',
    'README.md: README.md has no heading #none',
  ])
  assert.deepEqual(
    brokenLinks('docs/README.md', '[a](../README.md#where-to-look) ![b](screenshots/loop.png) [c](https://none/)'),
    [],
  )
})

function pagesBelow(folder: string): string[] {
  return readdirSync(join(projectRoot(), folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name)
    if (entry.isDirectory()) return NOT_OURS.has(entry.name) ? [] : pagesBelow(path)
    return path.endsWith('.md') ? [path] : []
  })
}

interface Link {
  /** Relative to the project's root. */
  file: string
  anchor: string | undefined
}

function brokenLinks(page: string, markdown = read(page)): string[] {
  return linksOf(page, markdown).flatMap(({ file, anchor }) => {
    if (!existsSync(join(projectRoot(), file))) return [`${page}: ${file} does not exist`]
    if (anchor !== undefined && !anchorsOf(read(file)).includes(anchor))
      return [`${page}: ${file} has no heading #${anchor}`]
    return []
  })
}

function linksOf(page: string, markdown = read(page)): Link[] {
  return [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#')
      return { file: path === '' ? page : posix.join(posix.dirname(page), path), anchor }
    })
}

/** The anchors that GitHub makes of headings: lower case, no punctuation, hyphens for spaces. */
function anchorsOf(markdown: string): string[] {
  return [...markdown.replace(FENCED, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

function withoutCode(markdown: string): string {
  return markdown.replace(FENCED, '').replace(/`[^`\n]*`/g, '')
}

function read(file: string): string {
  return readFileSync(join(projectRoot(), file), 'utf8')
}
