import { createParts } from '../../src/parts/parts.ts'
import { demoConfig } from './demo.ts'

// A program of its own: opens the demo on the file that it is given, counts the customers, and closes it again.
const [file = ''] = process.argv.slice(2)
const parts = await createParts(demoConfig({ database: { kind: 'sqlite', file } }))
const customers = await parts.database.selectFrom('customers').select('id').execute()
await parts.close({ endSessions: true })
process.stdout.write(`${customers.length} customers\n`)
