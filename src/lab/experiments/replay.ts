import type { Experiment } from '../experiment.ts'

export const replay: Experiment = {
  name: 'replay',
  title: 'Replay after the logout',
  question: 'An attacker copies the cookie of a user, who then logs out. Does the copy still work?',
  steps: [
    'Ana logs in and saves a note.',
    'An attacker copies Ana’s cookie, for instance on a shared computer.',
    'Ana logs out.',
    'A request with the copy opens the page.',
  ],
  expected: 'The copy opens the page as a guest.',
  usualWay:
    'koa-session without a store, which is its default. The whole session is in the signed cookie. The logout sets ctx.session to null, which deletes the cookie in Ana’s browser.',
  usual: { keptIn: 'cookie' },
  otherwise: { setUp: 'With a store, from which the logout deletes the session', usual: { keptIn: 'store' } },
  ownWay: 'The cookie contains only the ID of the session and a secret. The logout ends the session in the store.',
  promise: 'LIFE-3',
  test: 'test/session/core/lifetime.test.ts',
  async run(stage) {
    const ana = stage.browser('Ana')
    const copy = stage.browser('Copy of the cookie')
    await ana.post('/login?user=ana')
    await ana.post('/save?note=private')
    copy.plant(ana.cookie)
    await ana.post('/logout')
    const { user, notes } = await copy.get('/page')
    if (user === null && notes.length === 0) return { holds: true, actual: 'The copy opens the page as a guest.' }
    return { holds: false, actual: 'The copy is still logged in as Ana, and reads her note.' }
  },
}
