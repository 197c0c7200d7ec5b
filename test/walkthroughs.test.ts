import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../src/config/project-root.ts'
import { IN_DARK_TOO } from './e2e/stories/pictures.ts'

const STORIES = join(projectRoot(), 'test', 'e2e', 'stories')
const PICTURES = join(projectRoot(), 'docs', 'screenshots')
const PAGE = readFileSync(join(projectRoot(), 'docs', 'walkthroughs.md'), 'utf8')
const STEP_OR_PICTURE = /\bstep\(\s*'(?<sentence>[^']+)'|\bpicture\('(?<name>[^']+)'/g

const LARGEST_PICTURE = 150 * 1024
const LARGEST_LOOP = 1.5 * 1024 * 1024

test('the walkthroughs show each picture of the stories once, with the sentence of its step', () => {
  const taken = picturesOfStories().map(({ name, sentence }) =>
    IN_DARK_TOO.includes(name)
      ? `<img alt="${sentence}" src="screenshots/${name}.png">`
      : `![${sentence}](screenshots/${name}.png)`,
  )
  assert.ok(taken.length > 10, `only ${taken.length} pictures were found`)
  const lines = PAGE.split('\n').map((line) => line.trim())
  assert.deepEqual(lines.filter((line) => /^!\[|^<img/.test(line)).toSorted(), taken.toSorted())
  const dark = IN_DARK_TOO.map(
    (name) => `<source media="(prefers-color-scheme: dark)" srcset="screenshots/${name}-dark.png">`,
  )
  assert.deepEqual(
    lines.filter((line) => line.startsWith('<source')),
    dark,
  )
})

test('docs/screenshots has the pictures of the stories and the loop of the README, each small enough for a page', () => {
  const files = readdirSync(PICTURES).sort()
  assert.deepEqual(
    files,
    [
      ...picturesOfStories().map(({ name }) => `${name}.png`),
      ...IN_DARK_TOO.map((name) => `${name}-dark.png`),
      'loop.png',
    ].sort(),
    'run npm run screenshots',
  )
  for (const file of files) {
    const { length } = readFileSync(join(PICTURES, file))
    assert.ok(length <= (file === 'loop.png' ? LARGEST_LOOP : LARGEST_PICTURE), `${file} has ${length} bytes`)
  }
})

test('the loop of the README is an animation without end', () => {
  const loop = readFileSync(join(PICTURES, 'loop.png'))
  const control = loop.indexOf('acTL')
  assert.ok(loop.readUInt32BE(control + 4) >= 6, 'frames')
  assert.equal(loop.readUInt32BE(control + 8), 0, 'rounds, where 0 is without end')
})

/** The pictures in the stories, each with the sentence of its step. */
function picturesOfStories(): { name: string; sentence: string }[] {
  const files = readdirSync(STORIES).filter((file) => file.endsWith('.spec.ts'))
  return files.flatMap((file) => {
    const pictures: { name: string; sentence: string }[] = []
    let sentence = ''
    for (const { groups } of readFileSync(join(STORIES, file), 'utf8').matchAll(STEP_OR_PICTURE)) {
      sentence = groups?.sentence ?? sentence
      if (groups?.name) pictures.push({ name: groups.name, sentence })
    }
    return pictures
  })
}
