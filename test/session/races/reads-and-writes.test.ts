import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSessions } from '../../../src/session/index.ts'
import { directWire, type Wire } from '../model/direct-client.ts'
import { cookieIn } from '../model/real-system.ts'
import { type LayerSession, STORES, type Storage } from '../support/layer.ts'

const READS = 4000
const WRITES = 3000
const USERS = 40
const WAVES = 25
const ASKED = { path: '/', method: 'GET', navigates: true, quiet: false, link: undefined, replacesUser: false } as const

interface User {
  userName: string
  cookie: string
  /** The number of writes that have begun. */
  begun: number
  /** The value that each answered write has stored. */
  stored: number[]
}

for (const [name, open] of Object.entries(STORES)) {
  test(`[STORAGE-4] of ${READS} reads among ${WRITES} concurrent writes in two processes, each shows its own user and every answered write, and no write is lost, on the ${name} store`, async (t) => {
    const store = open()
    const managers = [0, 1].map(() => createSessions<Storage>({ appName: 'LOAD', store, secureCookie: false }))
    t.after(() => Promise.all(managers.map((manager) => manager.close())))
    const wires = managers.map(directWire)
    // The calls of one user alternate between the processes, so that writes conflict.
    const wire = (nth: number) => wires[Math.floor(nth / USERS) % wires.length] as Wire
    const users = await Promise.all(Array.from({ length: USERS }, (_, nth) => signIn(wire(0), `User ${nth}`)))

    for (let wave = 0; wave < WAVES; wave++) {
      const reads = perWave(READS).map((nth) => read(wire(nth), users[nth % USERS] as User))
      const writes = perWave(WRITES).map((nth) => write(wire(nth), users[nth % USERS] as User))
      await Promise.all([...reads, ...writes])
    }

    const expected = Array.from({ length: WRITES / USERS }, (_, nth) => nth + 1)
    for (const { stored } of users)
      assert.deepEqual(
        stored.sort((a, b) => a - b),
        expected,
      )
  })
}

function perWave(calls: number): number[] {
  return Array.from({ length: calls / WAVES }, (_, nth) => nth)
}

async function signIn(wire: Wire, userName: string): Promise<User> {
  const login = (session: LayerSession) => session.setPrivileges({ userName, userId: userName }, { login: true })
  const { setCookies } = await wire.visit({ ...ASKED, cookie: undefined }, (current) => login(current()))
  return { userName, cookie: String(cookieIn(setCookies)), begun: 0, stored: [] }
}

async function read(wire: Wire, user: User): Promise<void> {
  const answered = Math.max(0, ...user.stored)
  await wire.visit({ ...ASKED, cookie: user.cookie }, async (current) => {
    const { userName, storage } = current()
    const count = storage.count ?? 0
    assert.equal(userName, user.userName)
    assert.ok(count >= answered && count <= user.begun, `${answered} writes are answered, the read shows ${count}`)
  })
}

async function write(wire: Wire, user: User): Promise<void> {
  user.begun++
  let stored = 0
  await wire.visit({ ...ASKED, cookie: user.cookie }, async (current) => {
    stored = await current().use((storage) => {
      storage.count = (storage.count ?? 0) + 1
      return storage.count
    })
  })
  user.stored.push(stored)
}
