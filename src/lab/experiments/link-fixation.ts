import type { Shown } from '../contestant.ts'
import type { Experiment } from '../experiment.ts'

export const linkFixation: Experiment = {
  name: 'link-fixation',
  title: 'A link into the attacker’s session',
  question: 'Eve mails Ana links to Eve’s own session. Does Ana then work for Eve without knowing it?',
  steps: [
    'Eve logs in with her own account. She mails Ana links with the session ID of her cookie in their addresses: as ?sid=…, as ;jsessionid=…, and under the name of the cookie.',
    'Ana, who is not logged in, clicks all three.',
    'Eve mails Ana a one-time link to her session. Ana clicks it, and saves a note.',
    'If the page of the link shows a button, Ana presses it too.',
    'Ana logs in as Ana, and saves another note.',
    'Eve opens her page.',
  ],
  expected: 'No note of Ana is saved for Eve, and Eve reads no note of Ana.',
  usualWay:
    'koa-session reads its session ID only from the cookie. It has no one-time links, so their result depends on the application. Here, as in many applications, the GET request of the link finds the token in a table, and assigns its user to ctx.session.',
  ownWay:
    'This layer too reads its session ID only from the cookie. The one-time link is made with createOTP({ confirm: true }), so a GET request only shows a page that names Eve. The login of Ana replaces the session that she then shares with Eve, and logs Eve out.',
  promise: 'PRIV-11',
  test: 'test/session/core/attacks-on-trust.test.ts',
  async run(stage) {
    const eve = stage.browser('Eve')
    const ana = stage.browser('Ana')
    await eve.post('/login?user=eve')
    const shown: Shown[] = []
    for (const address of addressesWith(eve.cookie)) shown.push(await ana.get(address))
    const isIgnored = shown.every(({ user }) => user === null)
    const { link = '' } = await eve.post('/link')
    const { question } = await ana.get(link)
    const first = await ana.post('/save?note=first')
    if (question) await ana.post(link)
    await ana.post('/login?user=ana')
    await ana.post('/save?note=second')
    const { notes } = await eve.get('/page')
    return {
      holds: isIgnored && first.user === null && notes.length === 0,
      actual: [
        isIgnored
          ? 'A session ID in an address opens nothing.'
          : 'A session ID in an address shows Ana the page of Eve.',
        first.user === null
          ? 'Ana’s click on the one-time link changes nothing.'
          : 'Ana’s click on the one-time link logs her in as Eve, and her first note is saved for Eve.',
        notes.length === 0 ? 'Eve reads no note of Ana.' : 'Eve reads a note of Ana.',
      ].join(' '),
    }
  },
}

/** Where servers have read a session ID from an address. `cookie` is the `Cookie` header of the session. */
function addressesWith(cookie: string): string[] {
  const [, id] = /=([^;]*)/.exec(cookie) ?? []
  return [`/page?sid=${id}`, `/page;jsessionid=${id}`, `/page?${cookie.replaceAll('; ', '&')}`]
}
