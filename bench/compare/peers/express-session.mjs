import { promisify } from 'node:util'
import { sign } from 'cookie-signature'
import express from 'express'
import session from 'express-session'

const SECRET = 'keyboard cat'

export default function start({ hold, records }) {
  const app = express()
  // The README says that `saveUninitialized: false` "is useful for implementing login sessions". Another example in the
  // README uses `true`.
  app.use(session({ secret: SECRET, resave: false, saveUninitialized: false, store: new RecordStore(records) }))
  app.get('/page', async (request, response) => {
    await hold(request.query.before)
    await hold(request.query.after)
    answer(request, response)
  })
  app.post('/write', async (request, response) => {
    await hold(request.query.before)
    request.session.items = [...(request.session.items ?? []), request.query.item]
    await hold(request.query.after)
    answer(request, response)
  })
  // Login and logout follow the section "User login" of the README.
  app.post('/login', async (request, response) => {
    await call(request.session, 'regenerate')
    request.session.user = 'ana'
    await call(request.session, 'save')
    answer(request, response)
  })
  app.post('/logout', async (request, response) => {
    request.session.user = null
    await call(request.session, 'save')
    await call(request.session, 'regenerate')
    answer(request, response)
  })
  const forge = (texts) => texts.map((id) => `connect.sid=${encodeURIComponent(`s:${sign(id, SECRET)}`)}`)
  return { listener: app, store: records, forge }
}

function answer({ session: { user = null, items = [] } }, response) {
  response.json({ user, items })
}

function call(target, method) {
  return promisify(target[method]).call(target)
}

class RecordStore extends session.Store {
  constructor(records) {
    super()
    this.records = records
  }

  get(id, done) {
    this.records.get(id).then((value) => done(null, value), done)
  }

  set(id, value, done) {
    this.records.set(id, value).then(() => done(null), done)
  }

  destroy(id, done) {
    this.records.remove(id).then(() => done(null), done)
  }

  touch(_id, _value, done) {
    this.records.touch().then(() => done(null), done)
  }
}
