import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../../src/config/project-root.ts'
import { runExperiment } from '../../src/lab/experiment.ts'
import { EXPERIMENTS } from '../../src/lab/experiments/index.ts'
import { koaSession } from '../../src/lab/koa-session.ts'
import { thisLayer } from '../../src/lab/this-layer.ts'
import { brokenTwins } from './broken-twins.ts'

const BEHAVIOUR = read('docs/behaviour.md')

for (const experiment of EXPERIMENTS) {
  const { name, promise, regenerates = true, bindsDevice = false } = experiment

  test(`[LAB-2] the experiment "${name}" holds on this layer, and shows the fault of koa-session`, async () => {
    const usual = await koaSession({ regenerates })
    assert.ok(usual, 'koa-session is not installed')
    const own = await runExperiment(experiment, thisLayer({ bindsDevice }))
    const other = await runExperiment(experiment, usual)
    assert.deepEqual([own.holds, other.holds], [true, false], `${own.actual} ${other.actual}`)
  })

  test(`[LAB-3] the experiment "${name}" exposes this layer on a store with the fault`, async () => {
    const { store, actual } = brokenTwins[name] ?? assert.fail(`${name} has no broken twin`)
    const run = await runExperiment(experiment, thisLayer({ bindsDevice, store: store() }))
    assert.deepEqual([run.holds, run.actual], [false, actual])
  })

  test(`[LAB-4] the experiment "${name}" names a promise and a test of this promise`, () => {
    assert.match(BEHAVIOUR, new RegExp(`^\\| ${promise} \\|`, 'm'))
    assert.ok(read(experiment.test).includes(`[${promise}]`))
  })
}

test('the lab says rightly that regenerate() at the login of koa-session defeats the planted cookie', async () => {
  const fixation = EXPERIMENTS.find(({ name }) => name === 'fixation')
  const usual = await koaSession({ regenerates: true })
  assert.ok(fixation && usual)
  assert.equal((await runExperiment(fixation, usual)).holds, true)
})

test('[LAB-20] without device binding, a stolen cookie also opens the session of this layer, until the user ends it', async () => {
  const stolenCookie = EXPERIMENTS.find(({ name }) => name === 'stolen-cookie')
  assert.ok(stolenCookie)
  const { holds, actual } = await runExperiment(stolenCookie, thisLayer())
  assert.equal(holds, false)
  assert.match(actual, /It still did after 11 minutes\. .* When Ana had signed out the others, it opened nothing\.$/)
})

function read(file: string): string {
  return readFileSync(join(projectRoot(), file), 'utf8')
}
