import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { Server } from 'node:net'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../../src/config/project-root.ts'
import type { StartContestant } from '../../src/lab/contestant.ts'
import { runExperiment } from '../../src/lab/experiment.ts'
import { EXPERIMENTS } from '../../src/lab/experiments/index.ts'
import { koaSession } from '../../src/lab/koa-session.ts'
import { thisLayer } from '../../src/lab/this-layer.ts'
import { brokenTwins, readsAddresses } from './broken-twins.ts'

const BEHAVIOUR = read('docs/behaviour.md')

for (const experiment of EXPERIMENTS) {
  const { name, promise, bindsDevice = false } = experiment

  test(`[LAB-2] the experiment "${name}" holds on this layer, and shows the fault of koa-session`, async () => {
    const usual = await koaSession(experiment.usual)
    assert.ok(usual, 'koa-session is not installed')
    const own = await runExperiment(experiment, thisLayer({ bindsDevice }))
    const other = await runExperiment(experiment, usual)
    assert.deepEqual([own.holds, other.holds], [true, false], `${own.actual} ${other.actual}`)
  })

  test(`[LAB-3] the experiment "${name}" exposes this layer with the fault`, async () => {
    const twin = brokenTwins[name] ?? assert.fail(`${name} has no broken twin`)
    const run = await runExperiment(
      experiment,
      'store' in twin ? thisLayer({ bindsDevice, store: twin.store() }) : twin.layer,
    )
    assert.deepEqual([run.holds, run.actual], [false, twin.actual])
  })

  test(`[LAB-4] the experiment "${name}" names a promise and a test of this promise`, () => {
    assert.match(BEHAVIOUR, new RegExp(`^\\| ${promise} \\|`, 'm'))
    assert.ok(read(experiment.test).includes(`[${promise}]`))
  })
}

test('[LAB-10] where the lab also runs another set-up of koa-session, this set-up has the stated result', async () => {
  const results = EXPERIMENTS.map(async ({ name, otherwise, ...experiment }) => {
    if (!otherwise) return []
    const usual = await koaSession(otherwise.usual)
    const { holds, actual } = await runExperiment(experiment, usual ?? assert.fail('koa-session is not installed'))
    return [[name, [holds, actual]]]
  })
  assert.deepEqual(Object.fromEntries((await Promise.all(results)).flat()), {
    'store-outage': [true, 'Ana stays logged in, with one note. No refused login has lost a note.'],
    fixation: [true, 'The attacker is a guest.'],
    replay: [true, 'The copy opens the page as a guest.'],
    'cross-site-form': [false, 'No form has saved a note for Ana. A form has logged Ana out.'],
  })
})

test('[LAB-3] the experiment "link-fixation" also exposes a layer that takes a session ID from an address', async () => {
  const linkFixation = EXPERIMENTS.find(({ name }) => name === 'link-fixation') ?? assert.fail()
  const run = async (start: StartContestant) => (await runExperiment(linkFixation, start)).actual.split('. ')[0]
  assert.equal(await run(readsAddresses(thisLayer())), 'A session ID in an address shows Ana the page of Eve')
  const usual = (await koaSession()) ?? assert.fail('koa-session is not installed')
  for (const start of [thisLayer(), usual]) assert.equal(await run(start), 'A session ID in an address opens nothing')
})

test('crossOriginGuard() refuses the forms of the other site, as the page of the experiment says', async () => {
  const crossSiteForm = EXPERIMENTS.find(({ name }) => name === 'cross-site-form')
  const { requests } = await runExperiment(crossSiteForm ?? assert.fail(), thisLayer())
  const forms = requests.filter(({ who }) => who === 'other.example')
  assert.deepEqual(
    forms.map(({ path, status }) => [path, status]),
    [
      ['/save?note=foreign', 403],
      ['/logout', 403],
    ],
  )
})

test('[LAB-20] without device binding, a stolen cookie also opens the session of this layer, until the user ends it', async () => {
  const stolenCookie = EXPERIMENTS.find(({ name }) => name === 'stolen-cookie')
  assert.ok(stolenCookie)
  const { holds, actual } = await runExperiment(stolenCookie, thisLayer())
  assert.equal(holds, false)
  assert.match(actual, /It still did after 11 minutes\. .* When Ana had signed out the others, it opened nothing\.$/)
})

test('[LAB-7] a run that finds no free port fails alone', async (t) => {
  t.mock.method(Server.prototype, 'listen', function (this: Server) {
    queueMicrotask(() => this.emit('error', new Error('EMFILE')))
    return this
  })
  await assert.rejects(runExperiment(EXPERIMENTS[0] ?? assert.fail(), thisLayer()), /EMFILE/)
})

function read(file: string): string {
  return readFileSync(join(projectRoot(), file), 'utf8')
}
