import Koa from 'koa'
import { createSessions, type Session, type SessionStore } from '../session/index.ts'
import { crossOriginGuard, deviceBinding, sessions } from '../session/koa/index.ts'
import { memoryStore } from '../session/stores/memory/index.ts'
import { manualClock } from '../session/testing/manual-clock.ts'
import { type Asked, askedBy, type Shown, type StartContestant } from './contestant.ts'
import type { Hold } from './holds.ts'

interface Notes {
  notes?: string[]
}

interface Options {
  bindsDevice?: boolean
  /** Tests pass a broken store. */
  store?: SessionStore
}

/** This layer with a manager of its own. */
export function thisLayer({ bindsDevice = false, store = memoryStore() }: Options = {}): StartContestant {
  return ({ hold, outage }) => {
    const clock = manualClock()
    const manager = createSessions<Notes>({
      appName: 'LAB',
      store: outage.over(store),
      clock,
      roles: { writer: ['writeNotes'] },
      // Browsers bind only Secure cookies. The browsers of the lab also send them over plain HTTP.
      ...(bindsDevice ? { deviceBinding: {} } : { secureCookie: false }),
      sweepSeconds: 0,
    })
    // During an outage, the layer warns that it could not store the time of an access.
    manager.on('warning', () => {})
    const app = new Koa<Koa.DefaultState, { session: Session<Notes> }>()
    app.silent = true
    app.use(crossOriginGuard())
    app.use(deviceBinding(manager))
    app.use(sessions(manager))
    app.use(async (ctx) => {
      const more = await answer(ctx.session, askedBy(ctx), hold)
      const { userName, storage, binding } = ctx.session
      const shown: Shown = {
        user: userName === '' ? null : userName,
        notes: storage.notes ?? [],
        ...(binding && { copies: binding.failures }),
        ...more,
      }
      ctx.body = JSON.stringify(shown)
    })
    return { listener: app.callback(), clock, close: () => manager.close({ endSessions: false }) }
  }
}

async function answer(session: Session<Notes>, asked: Asked, hold: Hold): Promise<Partial<Shown> | undefined> {
  const { user, note } = asked
  switch (asked.path) {
    case '/save':
      await hold(asked.hold)
      await session.use((storage) => {
        storage.notes = [...(storage.notes ?? []), note]
      })
      break
    case '/login':
      await session.setPrivileges({ roles: ['writer'], userName: user, userId: user }, { login: true })
      break
    case '/logout':
      await session.close()
      break
    case '/end-others':
      await session.renew({ others: 'end' })
      break
    case '/link':
      return { link: `/open?$4DSID=${await session.createOTP({ confirm: true })}` }
    case '/open':
      // The middleware has redeemed the link if the request was a POST.
      await hold(asked.hold)
      return { question: session.offer !== undefined }
  }
  return undefined
}
