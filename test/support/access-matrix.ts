import assert from 'node:assert/strict'
import type { Operation } from '../../db/tables.ts'
import { identityOf } from '../../src/accounts/people/account.ts'
import { accounts } from '../../src/accounts/people/accounts.ts'
import { allEndpoints } from '../../src/api/endpoints.ts'
import { removeCustomer } from '../../src/crm/index.ts'
import type { Demo } from './demo.ts'
import { editor } from './editor.ts'
import { sessionIdOf } from './pages.ts'
import { routesOf } from './routes.ts'
import { GOOD_PASSWORD, signedUpCustomer } from './sign-up.ts'
import { openStream } from './stream.ts'
import type { Visitor } from './visitor.ts'

export const ROLES = ['customer', 'salesperson', 'manager', 'administrator'] as const
type Role = (typeof ROLES)[number]

/**
 * The kind of a caller's credential. `link` is the cookie of a browser that a one-time link has signed in. On a route that
 * declares `token`, `link` is a one-time token in the address.
 */
const WAYS = ['cookie', 'link', 'token', 'read-only token'] as const
export type Way = (typeof WAYS)[number]

type Whose = 'own' | 'foreign' | ''

export interface AccessRow {
  method: string
  path: string
  access: string
  /** Whose object the path names. */
  whose: Whose
  /** The answer to a client without a cookie and without a token. */
  nobody: string
  answers: Record<Role, Record<Way, string>>
}

interface Caller {
  role: Role
  way: Way
  userId: string
  visitor: Visitor
  headers: Record<string, string>
  sessionId: string
}

interface Place {
  method: string
  mount: '' | '/api'
  path: string
  access: string
}

const STAFF = { salesperson: 4, manager: 5, administrator: 6 }
// The objects of this salesperson are foreign to all callers.
const OTHER = 1
// The administrator disables this account.
const DISABLED = 2
const CUSTOMER = 'ana@example.com'
const JSON_BODY = { 'Content-Type': 'application/json' }
const OBJECT = /:id|\{id\}|:userId|completeOperation$/

/**
 * Sends a request to every route of the pages and to every endpoint of the API, as each caller, and returns the
 * answers. Forms and bodies are empty, except those of PATCH. Asserts that HEAD has the status of GET.
 */
export async function measureAccess(demo: Demo): Promise<AccessRow[]> {
  const { parts } = demo
  const customer = sessionIdOf(await signedUpCustomer(demo, CUSTOMER))
  const customerId = String((await parts.sessions?.get(customer))?.userId)
  const callers = new Map<string, Caller>()
  const stranger = demo.visitor()
  // Making an object takes longer than a request, so requests without an effect share the object in their address.
  const addresses = new Map<string, string>()

  const rows: AccessRow[] = []
  for (const place of placesOf(demo))
    for (const whose of OBJECT.test(place.path) ? (['own', 'foreign'] as const) : ['' as const]) {
      const answers = Object.fromEntries(ROLES.map((role) => [role, {}])) as AccessRow['answers']
      for (const role of ROLES)
        for (const way of WAYS) {
          const caller = await callerOf(role, way)
          const hasToken = way === 'link' && place.access === 'token'
          answers[role][way] = hasToken ? await askByToken(place, whose, caller) : await ask(place, whose, caller)
        }
      const { method, mount, path, access } = place
      rows.push({ method, path: mount + path, access, whose, nobody: await ask(place, whose, undefined), answers })
    }
  return rows

  async function ask({ method, mount, path }: Place, whose: Whose, caller: Caller | undefined): Promise<string> {
    const url = mount + (await addressOf(path, whose, caller))
    const visitor = caller?.visitor ?? stranger
    const headers = caller?.headers ?? {}
    const begin = () => {
      // A page may have given a guest's cookie to the caller.
      if (caller === undefined || headers.Authorization !== undefined) visitor.cookies.clear()
    }
    begin()
    if (method === 'GET') {
      const get = url.endsWith('/events')
        ? await openAndClose(url, visitor, headers)
        : await visitor.send(url, { headers })
      begin()
      const head = await visitor.send(url, { method: 'HEAD', headers })
      assert.match(String(get.headers['cache-control']), /no-store/, url)
      assert.equal(head.status, get.status, `HEAD ${url} as ${caller?.role} by ${caller?.way}`)
      return describe(get)
    }
    const body = method === 'PATCH' ? '{"city":"Cork"}' : '{}'
    const answer = await (mount === ''
      ? visitor.post(url, {}, headers)
      : visitor.send(url, { method, headers: { ...JSON_BODY, ...headers }, body }))
    if (answer.status < 400) addresses.clear()
    return describe(answer)
  }

  /** Sends a one-time token as the external platform does. HEAD answers as for a used token, and does not use the token. */
  async function askByToken({ path }: Place, whose: Whose, { role, userId, sessionId }: Caller): Promise<string> {
    // No operation belongs to a customer.
    const owner = whose === 'foreign' || role === 'customer' ? OTHER : Number(userId)
    const { id, key } = await operationOf(STAFF.salesperson, { user_id: owner, session_id: sessionId, state: 'asked' })
    const terms = { path, requestOnly: true, data: { operation: id, key } }
    const token = await parts.sessions?.createOTP(sessionId, terms)
    const url = `${path}?${path.startsWith('/rest') ? `$params=["${token}"]` : `$4DSID=${token}`}`
    const head = await demo.visitor().send(url, { method: 'HEAD' })
    const answer = await demo.visitor().get(url)
    const again = await demo.visitor().get(url)
    assert.equal(head.status, again.status, url)
    return describe(answer)
  }

  async function openAndClose(url: string, visitor: Visitor, headers: Record<string, string>) {
    const stream = await openStream(demo.url + url, visitor, headers)
    stream.close()
    return { ...stream, location: undefined }
  }

  /** Returns the caller. Signs the caller in again if a request has signed the caller out. */
  async function callerOf(role: Role, way: Way): Promise<Caller> {
    const known = callers.get(`${role} ${way}`)
    const isLive = known !== undefined && (await parts.sessions?.get(known.sessionId))?.state === 'live'
    const caller = isLive ? known : await signIn(role, way)
    callers.set(`${role} ${way}`, caller)
    return caller
  }

  async function signIn(role: Role, way: Way): Promise<Caller> {
    const userId = role === 'customer' ? customerId : String(STAFF[role])
    const visitor = demo.visitor()
    if (way === 'token' || way === 'read-only token') {
      const { id, token } = await newToken(userId, way === 'token' ? 'read-write' : 'read')
      return { role, way, userId, visitor, headers: { Authorization: `Bearer ${token}` }, sessionId: id }
    }
    const owner = await logIn(way === 'cookie' ? visitor : demo.visitor(), userId)
    const sessionId = sessionIdOf(owner)
    if (way === 'link') await visitor.get(`/?$4DSID=${await parts.sessions?.createOTP(sessionId)}`)
    return { role, way, userId, visitor, headers: {}, sessionId }
  }

  async function logIn(visitor: Visitor, userId: string): Promise<Visitor> {
    if (/^\d$/.test(userId)) await visitor.logInWell(userId)
    else await visitor.logInWell(CUSTOMER, GOOD_PASSWORD)
    return visitor
  }

  async function newToken(userId: string, scope: 'read' | 'read-write') {
    const account = await accounts.findById(parts.database, userId)
    assert.ok(account && parts.sessions)
    const { userName, roles } = identityOf(account)
    const terms = { name: 'Report', scope, absoluteSeconds: 3600, device: null, address: null }
    return parts.sessions.newToken(userId, { ...terms, userName, roles })
  }

  /** Puts an object of the caller, or of another user, into the path. */
  async function addressOf(path: string, whose: Whose, caller: Caller | undefined): Promise<string> {
    const key = [path, whose, caller?.userId, caller?.role === 'administrator' && caller.sessionId].join(' ')
    const address = addresses.get(key) ?? (await newAddressOf(path, whose, caller))
    addresses.set(key, address)
    return address
  }

  async function newAddressOf(path: string, whose: Whose, caller: Caller | undefined): Promise<string> {
    const owner = whose === 'foreign' ? String(OTHER) : (caller?.userId ?? String(STAFF.salesperson))
    const portfolio = whose === 'foreign' ? OTHER : caller?.role === 'manager' ? STAFF.manager : STAFF.salesperson
    switch (path) {
      case '/customers/:id':
      case '/customers/:id/edit':
      case '/customers/:id/remove':
      case '/customers/:id/notes':
      case '/customers/:id/next-step':
      case '/customers/:id/purchases':
      case '/customers/:id/assign':
      case '/customers/{id}':
      case '/customers/{id}/purchases':
        return path.replace(OBJECT, String(await customerOf(portfolio)))
      case '/customers/:id/notes/:note/delete': {
        const id = await customerOf(portfolio)
        return path.replace(OBJECT, String(id)).replace(':note', String(await noteOf(portfolio, id)))
      }
      case '/customers/:id/restore':
        return path.replace(OBJECT, String(await removedCustomerOf(portfolio)))
      case '/operations/:id':
        return path.replace(OBJECT, String((await operationOf(portfolio)).id))
      case '/account/tokens/:id/revoke':
        return path.replace(OBJECT, (await newToken(owner, 'read')).id)
      case '/account/sessions/:id/:handle/end':
        return deviceAddress(path, sessionIdOf(await logIn(demo.visitor(), owner)))
      case '/admin/sessions/:id':
      case '/admin/sessions/:id/end':
      case '/admin/sessions/:id/devices/:handle/end': {
        const isHere = whose === 'own' && caller !== undefined && ['cookie', 'link'].includes(caller.way)
        return deviceAddress(path, isHere ? caller.sessionId : sessionIdOf(await logIn(demo.visitor(), owner)))
      }
      case '/admin/accounts/:userId':
      case '/admin/accounts/:userId/disable':
      case '/admin/accounts/:userId/enable':
      case '/admin/accounts/:userId/role':
        return path.replace(OBJECT, whose === 'foreign' ? String(DISABLED) : owner)
      case '/lab/:experiment':
      case '/lab/:experiment/test':
        return path.replace(':experiment', 'fixation')
      case '/lab/sandbox/:name':
        return path.replace(':name', 'unknown')
      default:
        assert.doesNotMatch(path, /:id|\{id\}|:userId/, 'add this path to test/support/access-matrix.ts')
        return path.replace('{name}', 'color')
    }
  }

  async function deviceAddress(path: string, id: string): Promise<string> {
    const [device] = (await parts.sessions?.get(id))?.devices ?? []
    return path.replace(':id', id).replace(':handle', String(device?.handle))
  }

  async function customerOf(salesperson: number): Promise<number> {
    const { id: _, ...like } = await parts.database
      .selectFrom('customers')
      .selectAll()
      .where('id', '=', 1)
      .executeTakeFirstOrThrow()
    const row = { ...like, sales_person: salesperson }
    return (await parts.database.insertInto('customers').values(row).returning('id').executeTakeFirstOrThrow()).id
  }

  async function noteOf(user_id: number, customer_id: number): Promise<number> {
    const { id } = await parts.database
      .insertInto('customer_notes')
      .values({ customer_id, user_id, text: 'Prefers calls', written_at: '2030-01-01T00:00:00.000Z' })
      .returning('id')
      .executeTakeFirstOrThrow()
    return id
  }

  async function removedCustomerOf(salesperson: number): Promise<number> {
    const id = await customerOf(salesperson)
    await removeCustomer(parts.database, editor(salesperson), id, demo.clock.now())
    return id
  }

  async function operationOf(salesperson: number, fields: Partial<Operation> = {}) {
    const row = {
      key: crypto.randomUUID(),
      customer_id: await customerOf(salesperson),
      user_id: salesperson,
      session_id: '',
      percent: 5,
      reason: 'A loyal customer',
      scenario: 'state' as const,
      state: 'refused' as const,
      asked_at: '2030-01-01T00:00:00.000Z',
      expires_at: '2090-01-01T00:00:00.000Z',
      ...fields,
    }
    const { database } = parts
    return database.insertInto('operations').values(row).returning(['id', 'key']).executeTakeFirstOrThrow()
  }
}

function placesOf(demo: Demo): Place[] {
  const routes = routesOf(demo).filter(({ method }) => method !== 'HEAD')
  return [
    ...routes.map(({ method, path, access = 'not declared' }) => ({ method, mount: '' as const, path, access })),
    ...allEndpoints(demo.parts).map((endpoint) => {
      const { method, path } = endpoint
      const needs = endpoint.access === 'open' ? undefined : endpoint.needs
      return { method, mount: '/api' as const, path, access: [endpoint.access, needs].filter(Boolean).join(', ') }
    }),
  ]
}

function describe({ status, location }: { status: number; location: string | undefined }): string {
  if (location?.startsWith('/authenticate.shtml')) return `${status} log in`
  if (location?.startsWith('/account/confirm')) return `${status} password`
  return String(status)
}
