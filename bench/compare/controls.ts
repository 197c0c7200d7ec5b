// Servers with known findings. One server passes every probe. For each probe, another server fails it on purpose.
import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Contestant, StartContestant } from './contestant.ts'
import type { ProbeName } from './probes.ts'

interface Session {
  user: string | null
  items: string[]
}

const NAME = 'control'
const KEY = 'the key of the control server'

/** The finding of each probe on the right server, and on the server that fails this probe on purpose. */
export const KNOWN: Record<ProbeName, { right: string; wrong: string }> = {
  keptWrites: { right: '20', wrong: '1' },
  revivedByWriter: { right: 'no', wrong: 'yes' },
  revivedByReader: { right: 'no', wrong: 'yes' },
  replay: { right: 'no', wrong: 'yes' },
  signedInAfterRace: { right: 'yes', wrong: 'no' },
  rotated: { right: 'yes', wrong: 'no' },
  readableSecret: { right: 'no', wrong: 'yes' },
  readsThatWrite: { right: '0', wrong: '10' },
}

/** A server without a library. The server passes every probe except the probe that `fault` names. */
export function control(fault?: ProbeName | 'signedSecret'): StartContestant {
  return ({ hold }): Contestant => {
    const sessions = new Map<string, Session>()
    const ended = new Set<string>()
    let writes = 0

    const save = (key: string, session: Session) => {
      writes++
      sessions.set(key, session)
    }
    // With the fault `signedSecret`, the cookie is a session ID and its signature, as in most libraries.
    const newSecret = () => {
      const id = randomBytes(24).toString('base64url')
      return fault === 'signedSecret' ? sign(id) : id
    }
    const keyOf = (secret: string) => {
      if (fault === 'readableSecret') return secret
      if (fault !== 'signedSecret') return createHash('sha256').update(secret).digest('hex')
      const [id = ''] = secret.split('.')
      return sign(id) === secret ? id : ''
    }
    const end = (key: string) => {
      if (key !== '') ended.add(key)
    }

    return {
      async listener(request, response) {
        const { pathname, searchParams } = new URL(request.url ?? '', 'http://localhost')
        const secret = /\bcontrol=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
        const key = secret === undefined ? '' : keyOf(secret)
        const setCookie = (value: string) => response.setHeader('Set-Cookie', `${NAME}=${value}; Path=/; HttpOnly`)
        const begin = (session: Session) => {
          const secret = newSecret()
          save(keyOf(secret), session)
          setCookie(secret)
        }
        const snapshot = structuredClone(sessions.get(key))

        await hold(searchParams.get('before'))
        const session = sessions.get(key)
        if (pathname === '/write') {
          const item = searchParams.get('item') ?? ''
          if (fault === 'keptWrites' && session) save(key, { ...session, items: [item] })
          else if (session) save(key, { ...session, items: [...session.items, item] })
          else if (!ended.has(key) || fault === 'signedInAfterRace') begin({ user: null, items: [item] })
        }
        if (pathname === '/login') {
          if (fault === 'rotated' && session) save(key, { ...session, user: 'ana' })
          else {
            sessions.delete(key)
            end(key)
            begin({ user: 'ana', items: [] })
          }
        }
        if (pathname === '/logout') {
          if (fault !== 'replay') sessions.delete(key)
          end(key)
          response.setHeader('Set-Cookie', `${NAME}=; Path=/; Max-Age=0`)
        }
        await hold(searchParams.get('after'))

        const revives =
          (pathname === '/write' && fault === 'revivedByWriter') ||
          (pathname === '/page' && fault === 'revivedByReader')
        if (revives && snapshot && ended.has(key)) save(key, snapshot)
        if (pathname === '/page' && fault === 'readsThatWrite' && session) save(key, session)
        const { user = null, items = [] } = sessions.get(key) ?? {}
        response.end(JSON.stringify({ user, items }))
      },
      store: { writes: () => writes, texts: () => [...sessions.keys()] },
      forge: (texts) => texts.map((text) => `${NAME}=${sign(text)}`),
    }
  }
}

function sign(id: string): string {
  return `${id}.${createHmac('sha256', KEY).update(id).digest('base64url')}`
}
