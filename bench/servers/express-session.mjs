import connectPgSimple from 'connect-pg-simple'
import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import { createClient } from 'redis'
import { shownOf } from './content.ts'
import { openPostgres } from './databases.mjs'
import { pages } from './pages.mjs'
import { address, kind, prefix, serve } from './serve.mjs'

const open = {
  async redis() {
    const client = createClient({ url: address })
    await client.connect()
    return new RedisStore({ client, prefix })
  },
  postgres() {
    const PostgresStore = connectPgSimple(session)
    return new PostgresStore({ pool: openPostgres(), createTableIfMissing: true })
  },
}

const app = express()
app.disable('x-powered-by')
app.disable('etag')
app.use(
  session({
    store: await open[kind](),
    secret: 'a key for the benchmark',
    resave: false,
    saveUninitialized: false,
  }),
)
app.use((request, response) => {
  pages[request.path](request.session, request.query)
  response.type('text').send(shownOf(request.session))
})
serve(app)
