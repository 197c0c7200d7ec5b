// npm run demo:reset
import { prepare } from './prepare.mjs'

prepare()
await import('../dist/db/demo-reset.js')
