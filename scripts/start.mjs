// npm start: check, compile, and run the server in this very process, so that signals reach it.
import { prepare } from './prepare.mjs'

prepare()
await import('../dist/src/main.js')
