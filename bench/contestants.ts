export type Kind = 'none' | 'one hop' | 'memory' | 'sqlite-crash' | 'sqlite-power-loss' | 'redis' | 'postgres'
export type Workload = 'read' | 'bearer read' | 'write' | 'new visitor'

export interface Contestant {
  /** The library and its store, as the tables show them. */
  name: string
  library: string
  kind: Kind
  /** The file in `servers/`. */
  program: string
  workloads: readonly Workload[]
  /** Whether the cookies of this layer are bound to a key (option `deviceBinding`). */
  isBound?: boolean
  /** Bare Koa gives every request the same answer, whatever the workload. */
  isBare: boolean
  /** Whether the library is among the packages that `bench/compare/install-peers.ts` installs. */
  isPeer: boolean
}

export const WORKLOADS: readonly Workload[] = ['read', 'bearer read', 'write', 'new visitor']
const WITHOUT_TOKENS: readonly Workload[] = ['read', 'write', 'new visitor']

export const BARE = 'bare Koa'
export const ONE_HOP = 'bare Koa, one hop'
export const LAYER = 'this layer'
export const KOA_SESSION = 'koa-session'
export const MINIMUM = 'minimum'

const STORES: Record<Kind, string> = {
  none: '',
  'one hop': '',
  memory: 'memory',
  'sqlite-crash': 'SQLite (crash)',
  'sqlite-power-loss': 'SQLite (power loss)',
  redis: 'Redis',
  postgres: 'PostgreSQL',
}

export const contestants: readonly Contestant[] = [
  ...on(['none'], { library: BARE, program: 'bare-koa.mjs', workloads: WORKLOADS, isBare: true }),
  ...on(['one hop'], { library: ONE_HOP, program: 'bare-koa.mjs', workloads: WORKLOADS, isBare: true }),
  ...on(['memory', 'sqlite-crash', 'sqlite-power-loss', 'redis', 'postgres'], {
    library: LAYER,
    program: 'this-layer.mjs',
    workloads: WORKLOADS,
  }),
  ...on(['memory', 'sqlite-crash', 'redis', 'postgres'], {
    library: `${LAYER}, bound`,
    program: 'this-layer.mjs',
    workloads: ['read'],
    isBound: true,
  }),
  ...on(['sqlite-crash', 'sqlite-power-loss', 'redis', 'postgres'], {
    library: KOA_SESSION,
    program: 'koa-session.mjs',
    workloads: WITHOUT_TOKENS,
  }),
  ...on(['sqlite-crash', 'sqlite-power-loss'], {
    library: MINIMUM,
    program: 'minimum.mjs',
    workloads: WITHOUT_TOKENS,
  }),
  ...on(['redis', 'postgres'], {
    library: 'express-session',
    program: 'express-session.mjs',
    workloads: WITHOUT_TOKENS,
  }),
  ...on(['redis'], {
    library: '@fastify/session',
    program: 'fastify-session.mjs',
    workloads: WITHOUT_TOKENS,
    isPeer: true,
  }),
  ...on(['sqlite-crash', 'postgres'], {
    library: 'better-auth',
    program: 'better-auth.mjs',
    workloads: ['read'],
    isPeer: true,
  }),
]

type Library = Pick<Contestant, 'library' | 'program' | 'workloads'> & Partial<Contestant>

function on(kinds: readonly Kind[], library: Library): Contestant[] {
  return kinds.map((kind) => {
    const name = [library.library, STORES[kind]].filter(Boolean).join(' on ')
    return { isBare: false, isPeer: false, ...library, kind, name }
  })
}
