import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { contestants } from '../../bench/contestants.ts'
import { measurePopulation } from '../../bench/measure.ts'
import { readOptions } from '../../bench/options.ts'
import { planOf } from '../../bench/plan.ts'
import { openStores } from '../../bench/stores.ts'
import { tableOf } from '../../bench/table.ts'
import { projectRoot } from '../../src/config/project-root.ts'
import { postgresUrl, redisUrl } from '../support/servers/test-servers.ts'

// `bench/compare/install-peers.ts` downloads the other libraries. The benchmark itself checks their answers.
const installed = contestants.filter(({ isPeer }) => !isPeer)
const present = installed.filter(
  ({ kind }) => (kind !== 'redis' || redisUrl !== undefined) && (kind !== 'postgres' || postgresUrl !== undefined),
)

test('each server of the benchmark answers two visitors correctly, and has a row in each table of its workloads', async () => {
  const args = ['--sessions', '2', '--sizes', '4096', '--connections', '2']
  const options = readOptions([
    ...args,
    '--warm-up',
    '50',
    '--slices',
    '1',
    '--seconds',
    '0.01',
    '--latency-seconds',
    '0.02',
  ])
  const [population] = planOf(options)
  assert.ok(population)
  const stores = await openStores(present.map(({ kind }) => kind))
  const reported: string[] = []
  try {
    await measurePopulation(population, present, options, { stores, cores: {}, peers: undefined }, (round, cells) => {
      reported.push(round.workload)
      const names = present.filter(({ workloads }) => workloads.includes(round.workload)).map(({ name }) => name)
      const rows = tableOf(cells, { ...options, markdown: true })
        .split('\n')
        .slice(2)
      assert.deepEqual(
        rows.map((row) => row.split(' | ')[0]),
        names.map((name) => `| ${name}`),
      )
      assert.doesNotMatch(rows.join('\n'), /NaN|Infinity/)
    })
  } finally {
    await stores.close()
  }
  assert.deepEqual(reported, ['read', 'bearer read', 'write', 'new visitor'])
})

test('docs/performance.md prints the PostgreSQL store that the benchmark gives to koa-session', () => {
  const printed = readFileSync(join(projectRoot(), 'docs/performance.md'), 'utf8')
  const store = readFileSync(join(projectRoot(), 'bench/servers/postgres-records.mjs'), 'utf8')
  assert.ok(printed.includes(`\`\`\`js\n${store}\`\`\``))
})
