// npm run bench: measures this session layer, other session libraries and bare Koa, as docs/performance.md explains.
//   npm run bench                           the full run, about an hour
//   npm run bench -- --quick                a short run, five to ten minutes
//   npm run bench -- --quick --only sqlite  bare Koa, and the servers with "sqlite" in their name
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { WrongAnswer } from './answers.ts'
import { installPeers } from './compare/install-peers.ts'
import { contestants } from './contestants.ts'
import { chooseCores, describeCores, pin } from './cores.ts'
import { measurePopulation } from './measure.ts'
import { type Options, readOptions, USAGE } from './options.ts'
import { cellsOf, durationOf, planOf, titleOf } from './plan.ts'
import { openStores } from './stores.ts'
import { tableOf } from './table.ts'

const options = optionsOrUsage()
const plan = planOf(options)
const chosen = contestants.filter(
  ({ isBare, name }) =>
    isBare || options.only.length === 0 || options.only.some((part) => name.toLowerCase().includes(part)),
)

const cores = chooseCores(options.pinned)
console.log(`Node ${process.version}, ${new Date().toISOString().slice(0, 10)}. ${describeCores(cores)}`)
console.log(
  `${options.slices} slices of ${options.seconds} s for each cell; about ${durationOf(plan, chosen, options)} minutes.`,
)
for (const population of plan)
  for (const round of population.rounds)
    console.log(`  ${titleOf(population, round)}; ${cellsOf(round, chosen).length} servers`)

const peersFolder = chosen.some(({ isPeer }) => isPeer) ? installPeers() : undefined
const stores = await openStores(
  chosen.map(({ kind }) => kind),
  cores,
)
if (cores.load !== undefined) pin([process.pid], cores.load)
try {
  const surroundings = { stores, cores, peers: peersFolder && join(peersFolder, 'peers', 'package.json') }
  for (const population of plan)
    await measurePopulation(population, chosen, options, surroundings, (round, cells) => {
      const basis = options.byProcessorTime ? '; × by processor time' : ''
      const title = titleOf(population, round) + basis
      console.log(`\n${options.markdown ? `#### ${title}\n` : title}\n${tableOf(cells, options)}`)
    })
} catch (error) {
  if (!(error instanceof WrongAnswer)) throw error
  console.error(
    `\n${error.message}\nNo figures of this workload are shown, because this server loses or mixes up sessions.`,
  )
  process.exitCode = 1
} finally {
  await stores.close()
  if (peersFolder) rmSync(peersFolder, { recursive: true, force: true })
}

function optionsOrUsage(): Options {
  if (process.argv.includes('--help')) {
    console.log(USAGE)
    process.exit(0)
  }
  try {
    return readOptions(process.argv.slice(2))
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${USAGE}`)
    process.exit(2)
  }
}
