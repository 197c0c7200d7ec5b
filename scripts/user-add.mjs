// npm run user:add
import { prepare } from './prepare.mjs'

prepare()
await import('../dist/db/user-add.js')
