import { createRequire } from 'node:module'
import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'
import { shownOf } from './content.ts'
import { pages } from './pages.mjs'
import { address, peers, prefix, serve } from './serve.mjs'

const fromPeers = createRequire(peers)
const fastify = fromPeers('fastify')

const client = createClient({ url: address })
await client.connect()

const app = fastify()
app.register(fromPeers('@fastify/cookie'))
app.register(fromPeers('@fastify/session'), {
  secret: 'a secret with minimum length of 32 characters',
  saveUninitialized: false,
  cookie: { secure: false },
  store: new RedisStore({ client, prefix }),
})
for (const [path, page] of Object.entries(pages))
  app.get(path, async ({ session, query }) => {
    page(session, query)
    return shownOf(session)
  })
await app.ready()
serve((request, response) => app.routing(request, response))
