// npm run bench: measures the requests per second of bare Koa, this session layer, koa-session and express-session.
// A cell is one server with one workload. Its name is "SERVER: WORKLOAD".
//   npm run bench                                  nine rounds of one second for each cell, about five minutes
//   npm run bench -- --rounds 3 --seconds 3
//   npm run bench -- --only read                   only bare Koa, and cells whose name contains "read"
import { contestants } from './contestants.mjs'
import { startContestant } from './measure.mjs'
import { openStores } from './stores.mjs'
import { printTable } from './table.mjs'

const { rounds, seconds, only } = readArguments(process.argv.slice(2))

const cells = contestants
  .flatMap((contestant) => contestant.workloads.map((workload) => ({ contestant, workload, results: [] })))
  .filter(({ contestant, workload }) => contestant.isBaseline || `${contestant.name}: ${workload}`.includes(only))
const stores = await openStores(cells.map(({ contestant }) => contestant))

try {
  for (const cell of cells) {
    const address = await stores.emptyStore(cell.contestant.store)
    cell.server = await startContestant(cell.contestant, cell.workload, address)
  }
  for (let round = 1; round <= rounds; round++) {
    console.log(`round ${round} of ${rounds}`)
    for (const { server, results } of cells) results.push(await server.measure(seconds))
  }
} finally {
  for (const { server } of cells) await server?.stop()
  await stores.close()
}
printTable(cells)

function readArguments(args) {
  const options = { rounds: 9, seconds: 1, only: '' }
  for (let index = 0; index < args.length; index += 2) {
    const name = args[index]?.replace(/^--/, '')
    const value = args[index + 1]
    if (!(name in options) || value === undefined) {
      console.log('npm run bench -- [--rounds 9] [--seconds 1] [--only text]')
      process.exit(2)
    }
    options[name] = name === 'only' ? value : Number(value)
  }
  return options
}
