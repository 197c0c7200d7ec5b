import type { Experiment } from '../experiment.ts'

export const linkFixation: Experiment = {
  name: 'link-fixation',
  title: 'A link into the attacker’s session',
  question: 'Eve mails Ana a one-time link to Eve’s own session. Does Ana then work for Eve without knowing it?',
  steps: [
    'Eve logs in with her own account and makes a one-time link to her session.',
    'Ana, who is not logged in, clicks the link, and saves a note.',
    'If the page of the link shows a button, Ana presses it too.',
    'Ana logs in as Ana, and saves another note.',
    'Eve opens her page.',
  ],
  expected: 'No note of Ana is saved for Eve, and Eve reads no note of Ana.',
  usualWay:
    'koa-session has no one-time links, so the result depends on the application. Here, as in many applications, the GET request of the link finds the token in a table, and assigns its user to ctx.session.',
  ownWay:
    'The link is made with createOTP({ confirm: true }), so a GET request only shows a page that names Eve. The login of Ana replaces the session that she then shares with Eve, and logs Eve out.',
  promise: 'PRIV-11',
  test: 'test/session/core/attacks-on-trust.test.ts',
  async run(stage) {
    const eve = stage.browser('Eve')
    const ana = stage.browser('Ana')
    await eve.post('/login?user=eve')
    const { link = '' } = await eve.post('/link')
    const { question } = await ana.get(link)
    const first = await ana.post('/save?note=first')
    if (question) await ana.post(link)
    await ana.post('/login?user=ana')
    await ana.post('/save?note=second')
    const { notes } = await eve.get('/page')
    return {
      holds: first.user === null && notes.length === 0,
      actual: [
        first.user === null
          ? 'Ana’s click changes nothing.'
          : 'Ana’s click logs her in as Eve, and her first note is saved for Eve.',
        notes.length === 0 ? 'Eve reads no note of Ana.' : 'Eve reads a note of Ana.',
      ].join(' '),
    }
  },
}
