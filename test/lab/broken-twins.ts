import type { StartContestant } from '../../src/lab/contestant.ts'
import { Outage } from '../../src/lab/outage.ts'
import { thisLayer } from '../../src/lab/this-layer.ts'
import type { SessionStore } from '../../src/session/store.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import type { MemoryRow } from '../../src/session/stores/shared/memory-row.ts'
import { brokenMemory, type MakeBroken } from '../session/broken-stores/broken-memory.ts'

/** The cookie from before the login opens the new session. */
const opensWithOldCookie = brokenMemory((_, intact) => {
  const heirs = new Map<string, { id: string; hash: string }>()
  return {
    replace(call) {
      heirs.set(call.id, { id: call.session.id, hash: call.credential.hash })
      return intact.replace(call)
    },
    find: (call) => intact.find({ ...call, ...heirs.get(call.id) }),
  }
})

type BrokenTwin = { actual: string } & ({ store: MakeBroken } | { layer: StartContestant })

/** A store that forgets that a cookie is bound to a key. */
export const forgetsBindings = brokenMemory((_, intact) => ({
  async find(call) {
    const found = await intact.find(call)
    return found?.state === 'live' ? { ...found, credential: { ...found.credential, details: null } } : found
  },
}))

/** For each experiment, this layer with the fault that the experiment looks for, and what the experiment then finds. */
export const brokenTwins: Record<string, BrokenTwin> = {
  'parallel-writes': {
    store: brokenMemory((_, intact) => dropsEverySecondUpdate(intact)),
    actual: 'The session has 10 of 20 notes.',
  },
  'logout-race': {
    store: brokenMemory((rowsOf, intact) => {
      const ended = new Map<string, MemoryRow>()
      return {
        end(call) {
          const row = rowsOf(call.app).session(call.id)
          if (row) ended.set(call.id, { ...row, credentials: new Map(row.credentials) })
          return intact.end(call)
        },
        // A late write stores the ended session again.
        update(call) {
          const row = ended.get(call.id)
          if (row) rowsOf(call.app).load(call.id, row)
          return intact.update(call)
        },
      }
    }),
    actual: 'The session is back. Still logged in as Ana: the old cookie.',
  },
  'login-race': {
    // Forgets the replaced session. The store takes a late request for a request of a new visitor.
    store: brokenMemory((rowsOf, intact) => ({
      async replace(call) {
        const replaced = await intact.replace(call)
        const { tombstones, load } = rowsOf(call.app)
        for (const [hash, { id }] of tombstones) if (id === call.id) tombstones.delete(hash)
        load(call.id, undefined)
        return replaced
      },
    })),
    actual: 'The login is lost: an older request has replaced its cookie.',
  },
  fixation: {
    store: opensWithOldCookie,
    actual: 'The attacker is logged in as Ana and reads her note.',
  },
  'link-fixation': {
    store: opensWithOldCookie,
    actual:
      'A session ID in an address opens nothing. Ana’s click on the one-time link changes nothing. Eve reads a note of Ana.',
  },
  'wrong-link': {
    // Forgets that a link needs a confirmation.
    store: brokenMemory((_, intact) => ({
      async findOTP(call) {
        const found = await intact.findOTP(call)
        if (!found?.credential.details) return found
        const details = JSON.stringify({ ...JSON.parse(found.credential.details), confirm: false })
        return { ...found, credential: { ...found.credential, details } }
      },
    })),
    actual: 'Ben is logged in as Ana, without a question.',
  },
  replay: {
    // The logout reports an end, but the session stays.
    store: brokenMemory((rowsOf, intact) => ({
      async end(call) {
        const { load, session } = rowsOf(call.app)
        const row = session(call.id)
        const kept = row && { ...row, credentials: new Map(row.credentials) }
        const ended = await intact.end(call)
        load(call.id, kept)
        return ended
      },
    })),
    actual: 'The copy is still logged in as Ana, and reads her note.',
  },
  'cross-site-form': {
    layer: behindCarelessProxy(thisLayer()),
    actual: 'A form has saved a note for Ana. A form has logged Ana out.',
  },
  'store-outage': {
    // Takes a failure of the store for a session that does not exist.
    layer({ hold, outage }) {
      const store = outage.over(memoryStore())
      const find: SessionStore['find'] = (call) => store.find(call).catch(() => undefined)
      return thisLayer({ store: { ...store, find } })({ hold, outage: new Outage() })
    },
    actual: 'Ana saw the page of a guest. No refused login has lost a note.',
  },
  'one-time-link': {
    // Twenty callers find the link before the first of them deletes it.
    store: brokenMemory((_, intact) => {
      const callers = new Map<string, number>()
      let letAllIn = () => {}
      const all = new Promise<void>((resolve) => {
        letAllIn = resolve
      })
      return {
        async redeem(call) {
          const found = await intact.findOTP(call)
          if (!found || !call.credential) return undefined
          const count = (callers.get(call.hash) ?? 0) + 1
          callers.set(call.hash, count)
          if (count === 20) letAllIn()
          if (callers.size > 1) await all
          const { app, credential, limits, now } = call
          await intact.redeem(call)
          await intact.attach({ app, id: found.session.id, credential, limits: { ...limits, credentials: 50 }, now })
          return found.session
        },
      }
    }),
    actual: 'The mail scanner did not get in. Ben got in. 20 of the 20 browsers got in.',
  },
  'two-users': {
    // The new user gets what the previous user has stored.
    store: brokenMemory((rowsOf, intact) => ({
      replace(call) {
        const { storage } = rowsOf(call.app).session(call.id)?.record ?? call.session
        return intact.replace({ ...call, session: { ...call.session, storage } })
      },
    })),
    actual: 'Ben sees a note of Ana. Ben stays logged in.',
  },
  'stolen-cookie': {
    store: forgetsBindings,
    actual:
      'The copy opened Ana’s page at once. It still did after 11 minutes. Ana is still logged in. When Ana had signed out the others, it opened nothing.',
  },
}

/** Takes the session cookie from the address too. */
export function readsAddresses(start: StartContestant): StartContestant {
  return (control) => {
    const { listener, ...contestant } = start(control)
    return {
      ...contestant,
      listener(request, response) {
        const [, id] = /(?:sid|jsessionid|4DSID_LAB)=([^&;]+)/.exec(request.url ?? '') ?? []
        if (id !== undefined) request.headers.cookie = `4DSID_LAB=${id}`
        listener(request, response)
      },
    }
  }
}

/** Calls all requests same-origin, and drops the attribute SameSite of the cookies. */
function behindCarelessProxy(start: StartContestant): StartContestant {
  return (control) => {
    const { listener, ...contestant } = start(control)
    return {
      ...contestant,
      listener(request, response) {
        request.headers['sec-fetch-site'] = 'same-origin'
        const setHeader = response.setHeader.bind(response)
        response.setHeader = (name, value) =>
          setHeader(name, Array.isArray(value) ? value.map((line) => line.replace(/; samesite=lax/i, '')) : value)
        listener(request, response)
      },
    }
  }
}

function dropsEverySecondUpdate(intact: SessionStore): Partial<SessionStore> {
  let updates = 0
  return {
    update: (call) => (updates++ % 2 === 0 ? intact.update(call) : Promise.resolve({ updated: true, ended: [] })),
  }
}
