import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler } from 'express'
import { createSessions, SessionError, type SessionOf, storageOf } from '../../src/session/index.ts'
import { crossOriginGuard, requireUser, safeNext, sessions } from '../../src/session/node-http/express.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { pages, userOf } from '../pages.ts'

const manager = createSessions({
  appName: 'EXPRESS',
  store: memoryStore(),
  storage: storageOf<{ count?: number }>(),
  guests: 'first-write',
  secureCookie: false, // only for plain http on your own machine
})

declare module 'express-serve-static-core' {
  interface Request {
    readonly session: SessionOf<typeof manager>
  }
}

const app = express()
app.use(crossOriginGuard(), express.urlencoded({ extended: false }), sessions(manager))

app.get('/', (req, res) => void res.send(pages.home(req.session)))
app.post('/count', async (req, res) => {
  await req.session.use((storage) => {
    storage.count = (storage.count ?? 0) + 1
  })
  res.redirect(303, '/')
})
app.get('/account', requireUser({ loginPath: '/login' }), (req, res) => void res.send(pages.account(req.session)))
app.get('/login', (req, res) => void res.send(pages.login(String(req.query.next ?? '/'))))
app.post('/login', async (req, res) => {
  const user = userOf(req.body)
  if (!user) return void res.status(422).send(pages.login(String(req.body.next ?? '/')))
  await req.session.setPrivileges(user, { login: true })
  res.redirect(303, safeNext(req.body.next) ?? '/')
})
app.post('/logout', async (req, res) => {
  await req.session.close()
  res.redirect(303, '/')
})

const answerError: ErrorRequestHandler = (error, _req, res, next) => {
  if (res.headersSent || !(error instanceof SessionError)) next(error)
  else
    res
      .status(error.status)
      .set(error.headers)
      .send(error.expose ? error.message : 'Internal Server Error')
}
app.use(answerError)

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`)
})
process.once('SIGTERM', () => server.close(() => void manager.close()))
