import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import { createClient } from 'redis'
import { serve } from './serve.mjs'

const [url] = process.argv.slice(2)
const client = createClient({ url })
await client.connect()

const pages = {
  '/login': ({ session }) => {
    Object.assign(session, { userName: 'Ana Lima', privileges: ['viewCustomers'], visits: 1 })
  },
  '/read': ({ session }) => {
    if (!session.privileges.includes('viewCustomers')) throw new Error('This user has no such privilege.')
  },
  '/write': ({ session }) => {
    session.visits++
  },
  // express-session stores a session only when the session contains data.
  '/visit': ({ session }) => {
    session.userName = ''
  },
}

const app = express()
app.disable('x-powered-by')
app.disable('etag')
app.use(
  session({
    store: new RedisStore({ client, prefix: `express${process.pid}:` }),
    secret: 'a key for the benchmark',
    resave: false,
    saveUninitialized: false,
  }),
)
app.use((request, response) => {
  pages[request.path](request)
  const { userName, visits } = request.session
  response.type('text').send(JSON.stringify({ userName, visits }))
})
serve(app)
