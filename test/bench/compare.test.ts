import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import type { StartContestant } from '../../bench/compare/contestant.ts'
import { control, KNOWN } from '../../bench/compare/controls.ts'
import { PROBES, type ProbeName, runProbe } from '../../bench/compare/probes.ts'
import { serve } from '../../bench/compare/serve.ts'
import thisLayer from '../../bench/compare/this-layer.ts'
import { projectRoot } from '../../src/config/project-root.ts'

const NAMES = Object.keys(PROBES) as ProbeName[]

test('this layer keeps all writes, revives no session, stays signed in, rotates, hides its secrets, and reads without writing', async () => {
  assert.deepEqual(await findings(NAMES, () => thisLayer), right(NAMES))
})

test('each probe passes a server that is right', async () => {
  assert.deepEqual(await findings(NAMES, () => control()), right(NAMES))
})

test('each probe fails a server that is wrong in nothing but its subject', async () => {
  const wrong = Object.fromEntries(NAMES.map((name) => [name, KNOWN[name].wrong]))
  assert.deepEqual(await findings(NAMES, control), wrong)
})

test('the probe of the secrets tells a store that signs in alone from a store that needs the key', async () => {
  assert.deepEqual(await findings(['readableSecret'], () => control('signedSecret')), {
    readableSecret: 'with the key',
  })
})

test('a server without a store has no finding where the probe asks for the store', async () => {
  const withoutStore: StartContestant = async (tools) => ({ listener: (await control()(tools)).listener })
  assert.deepEqual(await findings(['readableSecret'], () => withoutStore), { readableSecret: undefined })
})

test('the README shows the same figures as docs/comparison.md', () => {
  const [shown = ''] = /(?<=<!-- npm run compare -->\n)[\s\S]*?(?=<!--)/.exec(read('README.md')) ?? []
  assert.match(shown, /writes kept/)
  assert.ok(read('docs/comparison.md').includes(shown))
})

/** What each of these probes shows, each on a server of its own. */
async function findings(names: readonly ProbeName[], serverFor: (name: ProbeName) => StartContestant) {
  const found = names.map(async (name) => {
    const server = await serve(serverFor(name))
    try {
      return [name, (await runProbe(name, server.url))?.shown]
    } finally {
      server.close()
    }
  })
  return Object.fromEntries(await Promise.all(found))
}

function right(names: readonly ProbeName[]) {
  return Object.fromEntries(names.map((name) => [name, KNOWN[name].right]))
}

function read(file: string): string {
  return readFileSync(join(projectRoot(), file), 'utf8')
}
