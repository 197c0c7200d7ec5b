import { randomBytes } from 'node:crypto'
import Koa from 'koa'
import { contentOf, shownOf } from './content.ts'
import { kind, serve } from './serve.mjs'

const content = contentOf({ name: 'Visitor', bytes: 0 })
let turn

const app = new Koa()
if (kind === 'one hop') app.use((_, next) => endOfTurn().then(next))
app.use((ctx) => {
  // Visitors send this cookie, so that their requests are as long as those of the other servers.
  if (ctx.path === '/login') ctx.set('Set-Cookie', `id=${randomBytes(32).toString('base64url')}`)
  ctx.body = shownOf(content)
})
serve(app.callback())

/** All requests of one turn of the event loop share one `setImmediate`, and are answered together. */
function endOfTurn() {
  turn ??= new Promise((resolve) => {
    setImmediate(() => {
      turn = undefined
      resolve()
    })
  })
  return turn
}
