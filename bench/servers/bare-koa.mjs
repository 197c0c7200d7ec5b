import Koa from 'koa'
import { serve } from './serve.mjs'

const app = new Koa()
app.use((ctx) => {
  ctx.body = '{"userName":"Ana Lima","visits":1}'
})
serve(app)
