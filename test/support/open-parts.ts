import { createParts } from '../../src/parts/parts.ts'
import { demoConfig } from './demo.ts'

// This program opens the demo on a SQLite file, counts the customers and ends.
const [file = ''] = process.argv.slice(2)
const parts = await createParts(demoConfig({ database: { kind: 'sqlite', file } }))
const customers = await parts.database.selectFrom('customers').select('id').execute()
await parts.close({ endSessions: true })
process.stdout.write(`${customers.length} customers\n`)
