import assert from 'node:assert/strict'
import { latestEnd, type Model, type ModelSession, promisedEnd } from './model.ts'
import { cookieIn, viewOf, viewOfToken, type World } from './real-system.ts'
import { everythingIn } from './users.ts'

/** Checks the records and the reported ends. A session may end at most a minute after its promised time. */
export async function settleEnds(model: Model, { manager, store, appName, ...world }: World): Promise<void> {
  for (const session of model.sessions) {
    if (session.state === 'gone') continue
    const record = await store.get({ app: appName, id: session.id })
    if (!record) continue // the check of the record count below then fails
    const [least, most] = [promisedEnd(session), latestEnd(session)]
    assert.ok(
      record.end >= least && record.end <= most,
      `${session.id} ends ${record.end - least} ms after its promised end`,
    )
    session.end = record.end
  }
  assert.equal(await manager.count(), model.records.length, 'as many records as there should be')
  assert.deepEqual(world.reported.splice(0).sort(), model.reported.splice(0).sort(), 'ends were reported')
}

export async function checkSession(model: Model, { manager }: World, session: ModelSession): Promise<void> {
  const described = await manager.get(session.id)
  const isLive = model.isLive(session)
  assert.deepEqual(await manager.storage(session.id), isLive ? session.storage : undefined)
  if (session.state === 'gone' || model.now >= session.end) {
    assert.equal(described, undefined, 'a removed session cannot be read')
    return
  }
  assert.deepEqual(
    described && { userName: described.userName, userId: described.userId ?? null, state: described.state },
    {
      userName: session.userName,
      userId: session.userId,
      state: session.state,
    },
  )
  if (!isLive) return
  assert.deepEqual([...(described?.privileges ?? [])].sort(), everythingIn(session.privileges))
  const devices = described?.devices.filter(({ kind }) => kind !== 'otp').length
  assert.equal(devices, session.credentials.filter(({ ended }) => !ended).length, 'devices')
}

/** Sends every cookie and every token that was ever issued, and checks which session opens. */
export async function checkEverything(model: Model, world: World): Promise<void> {
  for (const session of model.sessions) await checkSession(model, world, session)
  for (const credential of model.cookies) await checkCookie(model, world, credential)
  for (const credential of model.tokens) {
    const secret = world.secrets.get(credential)
    await world.wire.call(`Bearer ${secret}`, async (session) => {
      const seen = viewOfToken(session)
      assert.equal(seen.isNew, !model.works(credential))
      assert.equal(seen.userId, model.works(credential) ? credential.session.userId : null)
    })
    await world.wire.visit(looking(secret?.slice(secret.indexOf('_', 'model_'.length) + 1)), async (current) =>
      assert.ok(current().isNew, 'a token is no cookie'),
    )
  }
}

async function checkCookie(model: Model, world: World, credential: Model['cookies'][number]): Promise<void> {
  const secret = world.secrets.get(credential)
  const { setCookies } = await world.wire.visit(looking(secret), async (current) => {
    const { id, userId, storage, isGuest } = viewOf(current())
    if (model.works(credential)) {
      const { session } = credential
      assert.deepEqual({ id, userId, storage }, { id: session.id, userId: session.userId, storage: session.storage })
    } else
      assert.deepEqual(
        { userId, storage, isGuest },
        { userId: null, storage: {}, isGuest: true },
        'the dead tell nothing',
      )
  })
  assert.equal(cookieIn(setCookies), undefined)
  await world.wire.call(`Bearer ${world.appName.toLowerCase()}_${secret}`, async (session) =>
    assert.ok(session.isNew, 'a cookie is no token'),
  )
}

function looking(cookie: string | undefined) {
  return {
    cookie,
    path: '/lobby',
    method: 'GET',
    navigates: false,
    quiet: true,
    link: undefined,
    replacesUser: false,
  } as const
}
