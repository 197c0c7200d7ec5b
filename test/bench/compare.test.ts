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

test('the comparison finds that this layer loses no write, revives no session, keeps users signed in, rotates cookies, hides secrets, and reads without writing', async () => {
  assert.deepEqual(await findings(NAMES, () => thisLayer), right(NAMES))
})

test('each probe passes a correct server', async () => {
  assert.deepEqual(await findings(NAMES, () => control()), right(NAMES))
})

test('each probe fails a server whose only error is the one that the probe looks for', async () => {
  const wrong = Object.fromEntries(NAMES.map((name) => [name, KNOWN[name].wrong]))
  assert.deepEqual(await findings(NAMES, control), wrong)
})

test('the probe of secrets distinguishes a store whose data alone opens a session from a store whose data also needs the key', async () => {
  assert.deepEqual(await findings(['readableSecret'], () => control('signedSecret')), {
    readableSecret: 'with the key',
  })
})

test('a probe that inspects the store has no finding for a server without a store', async () => {
  const withoutStore: StartContestant = async (tools) => ({ listener: (await control()(tools)).listener })
  assert.deepEqual(await findings(['readableSecret'], () => withoutStore), { readableSecret: undefined })
})

test('the README shows the same figures as docs/comparison.md', () => {
  const [shown = ''] = /(?<=<!-- npm run compare -->\n)[\s\S]*?(?=<!--)/.exec(read('README.md')) ?? []
  assert.match(shown, /writes kept/)
  assert.ok(read('docs/comparison.md').includes(shown))
})

/** Returns the finding of each of these probes. Each probe runs on its own server. */
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
