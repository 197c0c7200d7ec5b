// npm run sessions:move
import { prepare } from './prepare.mjs'

prepare()
await import('../dist/db/move-sessions.js')
