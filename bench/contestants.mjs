const OURS = ['read', 'bearer read', 'write', 'new visitor']
const THEIRS = ['read', 'write', 'new visitor']

/** `program` is a file in `servers/`. The table compares each server with the server of the same `store` and `isRival`. */
export const contestants = [
  { name: 'bare Koa', program: 'bare-koa.mjs', store: 'none', workloads: ['read'], isBaseline: true },
  { name: 'this layer', program: 'this-layer.mjs', store: 'sqlite', workloads: OURS, settings: ['power-loss'] },
  {
    name: 'this layer, durability: crash',
    program: 'this-layer.mjs',
    store: 'sqlite',
    workloads: OURS,
    settings: ['crash'],
  },
  { name: 'koa-session', program: 'koa-session.mjs', store: 'sqlite', workloads: THEIRS, isRival: true },
  { name: 'this layer on Redis', program: 'this-layer.mjs', store: 'redis', workloads: OURS },
  { name: 'koa-session on Redis', program: 'koa-session.mjs', store: 'redis', workloads: THEIRS, isRival: true },
  { name: 'express-session on Redis', program: 'express-session.mjs', store: 'redis', workloads: THEIRS },
  { name: 'this layer on PostgreSQL', program: 'this-layer.mjs', store: 'postgres', workloads: OURS },
]

/** `bring` is the credential that visitors send after signing in. */
export const pages = {
  read: { path: '/read', bring: 'cookie' },
  'bearer read': { path: '/api/read', bring: 'token' },
  write: { path: '/write', bring: 'cookie' },
  'new visitor': { path: '/visit', bring: 'nothing' },
}

export const CONNECTIONS = 50
// Each connection alternates between the requests of two browsers.
export const SESSIONS = 2 * CONNECTIONS
