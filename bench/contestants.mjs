/** What is compared. Each contestant is a program in `servers/`; its arguments follow the database's path. */
export const contestants = [
  { name: 'bare Koa', program: 'bare-koa.mjs', settings: [], workloads: ['read'], isBaseline: true },
  {
    name: 'this layer',
    program: 'this-layer.mjs',
    settings: ['power-loss'],
    workloads: ['read', 'bearer read', 'write', 'new visitor'],
  },
  {
    name: 'this layer, durability: crash',
    program: 'this-layer.mjs',
    settings: ['crash'],
    workloads: ['read', 'bearer read', 'write', 'new visitor'],
  },
  {
    name: 'koa-session',
    program: 'koa-session.mjs',
    settings: [],
    workloads: ['read', 'write', 'new visitor'],
    isRival: true,
  },
]

/** The page that a workload asks for, and what its visitors bring of the session that they signed in to. */
export const pages = {
  read: { path: '/read', bring: 'cookie' },
  'bearer read': { path: '/api/read', bring: 'token' },
  write: { path: '/write', bring: 'cookie' },
  'new visitor': { path: '/visit', bring: 'nothing' },
}

export const CONNECTIONS = 50
// Each connection stands for two browsers in turn.
export const SESSIONS = 2 * CONNECTIONS
