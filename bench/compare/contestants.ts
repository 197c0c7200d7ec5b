/** A library in the comparison. */
export interface Entry {
  name: string
  /** The file of the contestant, relative to this folder. */
  module: string
  /** How the library is set up and called, where its documentation leaves a choice. */
  setup: string
}

export const THIS_LAYER: Entry = {
  name: 'this layer',
  module: 'this-layer.ts',
  setup: '`sqliteStore` with its defaults, and `{ login: true }` at the login.',
}

/** Each `name` is the name of a package. `peers/package.json` pins the versions. */
export const PEERS: Entry[] = [
  {
    name: 'koa-session',
    module: 'peers/koa-session.mjs',
    setup: 'An external store, and `ctx.session.regenerate()` at the login.',
  },
  {
    name: 'express-session',
    module: 'peers/express-session.mjs',
    setup:
      '`resave: false`, `saveUninitialized: false`. Login and logout follow the section "User login" of its README, with `regenerate()`. A read calls `touch` of the store.',
  },
  {
    name: 'koa-generic-session',
    module: 'peers/koa-generic-session.mjs',
    setup: 'Its defaults, and `ctx.regenerateSession()` at the login.',
  },
  {
    name: '@fastify/session',
    module: 'peers/fastify-session.mjs',
    setup: '`saveUninitialized: false`, `rolling` by default, and `regenerate()` at the login.',
  },
  {
    name: 'hono-sessions',
    module: 'peers/hono-sessions.mjs',
    setup: 'An `encryptionKey`, as recommended, and `session_key_rotation` at the login.',
  },
  {
    name: '@hono/session',
    module: 'peers/hono-session.mjs',
    setup: '`useSessionStorage`, and `update()` with a function. The library has no call that rotates the ID.',
  },
  {
    name: 'react-router',
    module: 'peers/react-router.mjs',
    setup:
      '`createSessionStorage` with a signed cookie. `updateData` changes only a record that exists, like UPDATE in SQL. The library has no call that rotates the ID.',
  },
  {
    name: '@remix-run/session',
    module: 'peers/remix-session.mjs',
    setup:
      'The middleware of `@remix-run/session-middleware`, its memory storage with the delay, and `regenerateId(true)`.',
  },
  {
    name: 'iron-session',
    module: 'peers/iron-session.mjs',
    setup: 'Keeps everything in an encrypted cookie.',
  },
  { name: 'h3', module: 'peers/h3.mjs', setup: '`useSession`, which keeps everything in an encrypted cookie.' },
  {
    name: 'better-auth',
    module: 'peers/better-auth.mjs',
    setup:
      'Its memory adapter with the delay. Guests are users of the plugin `anonymous`. The items are in an additional field of the session, which `updateSession` writes.',
  },
]
