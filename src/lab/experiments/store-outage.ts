import type { Experiment, Stage } from '../experiment.ts'

const GUESTS = 4

export const storeOutage: Experiment = {
  name: 'store-outage',
  title: 'The store fails and comes back',
  question: 'The store of the sessions fails for a while. Who is logged out, and what is lost?',
  steps: [
    'Ana logs in and saves a note.',
    'The store fails. Ana opens the page, and tries to save a second note. Then the store is back.',
    'Ana opens the page again.',
    'Four guests save a note each, and log in one after the other.',
    'During the first login, the store fails at the first call. During the second login, it fails at the second call, and so on. After each login, the store is back.',
    'Each guest opens the page.',
  ],
  expected:
    'Ana never sees a page of a guest. A refused request changes nothing: Ana has one note, and each guest whose login was refused still has the note.',
  usualWay:
    'koa-session with a store. The login calls regenerate(), which deletes the old session and then stores the new session.',
  otherwise: {
    setUp: 'Without regenerate() at the login, so that session fixation is possible',
    usual: { regenerates: false },
  },
  ownWay:
    'The login replaces the session in one call to the store. A login that succeeds drops the guest’s note, because the login names no data to keep.',
  promise: 'ADAPT-2',
  test: 'src/session/testing/adapter-contract.ts',
  async run(stage) {
    const ana = await failDuringRequests(stage)
    const lost = await failDuringLogins(stage)
    return {
      holds: ana === UNCHANGED && lost === 0,
      actual: [
        ana,
        lost === 0 ? 'No refused login has lost a note.' : `${lost} guests have lost their note by a refused login.`,
      ].join(' '),
    }
  },
}

const UNCHANGED = 'Ana stays logged in, with one note.'

async function failDuringRequests(stage: Stage): Promise<string> {
  const ana = stage.browser('Ana')
  await ana.post('/login?user=ana')
  await ana.post('/save?note=first')
  stage.outage.begin()
  const meanwhile = [await ana.get('/page'), await ana.post('/save?note=second')]
  stage.outage.end()
  const { user, notes } = await ana.get('/page')
  if (!meanwhile.every(({ isRefused }) => isRefused)) return 'Ana saw the page of a guest.'
  if (user === null) return 'Ana is logged out.'
  return notes.join() === 'first' ? UNCHANGED : `Ana has ${notes.length} notes.`
}

/** Returns how many guests have lost their note although their login was refused. */
async function failDuringLogins(stage: Stage): Promise<number> {
  let lost = 0
  for (let calls = 0; calls < GUESTS; calls++) {
    const guest = stage.browser(`Guest ${calls + 1}`)
    await guest.post('/save?note=tea')
    stage.outage.begin({ after: calls })
    await guest.post(`/login?user=guest${calls + 1}`)
    stage.outage.end()
    const { user, notes } = await guest.get('/page')
    if (user === null && notes.length === 0) lost++
  }
  return lost
}
