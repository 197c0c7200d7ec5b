/** What is compared. Each contestant is a program in `servers/`; its arguments follow the database's path. */
export const contestants = [
  { name: 'bare Koa', program: 'bare-koa.mjs', settings: [], workloads: ['read'], isBaseline: true },
  {
    name: 'this layer',
    program: 'this-layer.mjs',
    settings: ['power-loss'],
    workloads: ['read', 'write', 'new visitor'],
  },
  {
    name: 'this layer, durability: crash',
    program: 'this-layer.mjs',
    settings: ['crash'],
    workloads: ['read', 'write', 'new visitor'],
  },
  {
    name: 'koa-session',
    program: 'koa-session.mjs',
    settings: [],
    workloads: ['read', 'write', 'new visitor'],
    isRival: true,
  },
]

/** The page that a workload asks for, and whether its visitors come with the cookie of a session. */
export const pages = {
  read: { path: '/read', signedIn: true },
  write: { path: '/write', signedIn: true },
  'new visitor': { path: '/visit', signedIn: false },
}

export const CONNECTIONS = 50
// Each connection stands for two browsers in turn.
export const SESSIONS = 2 * CONNECTIONS
