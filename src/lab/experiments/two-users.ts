import type { Experiment } from '../experiment.ts'

export const twoUsers: Experiment = {
  name: 'two-users',
  title: 'Two tabs, two users',
  question:
    'Ben logs in on a computer where Ana’s tab still has a request running. What does Ben see, and who is logged in?',
  steps: [
    'Ana logs in and saves a note.',
    'Her tab sends a slow request that saves another note.',
    'In a second tab of the same browser, Ben logs in.',
    'Ben opens the page.',
    'Ana’s slow request finishes, and the page is opened again.',
  ],
  expected: 'Ben sees no note of Ana, and stays logged in.',
  usualWay: 'Ben’s login calls regenerate(), which creates a new session ID and keeps the data of the session.',
  promise: 'SECURE-3',
  test: 'test/session/core/secure-session.test.ts',
  async run(stage) {
    const browser = stage.browser('Browser')
    await browser.post('/login?user=ana')
    await browser.post('/save?note=first')
    let seen: readonly string[] = []
    await stage.overlap(
      (hold) => [browser.post(`/save?note=late&hold=${hold}`)],
      async () => {
        await browser.post('/login?user=ben')
        seen = (await browser.get('/page')).notes
      },
    )
    const { user, notes } = await browser.get('/page')
    const foreign = new Set([...seen, ...(user === 'ben' ? notes : [])]).size
    return {
      holds: foreign === 0 && user === 'ben',
      actual: [
        foreign === 0 ? 'Ben sees no note of Ana.' : 'Ben sees a note of Ana.',
        user === 'ben'
          ? 'Ben stays logged in.'
          : `Afterwards the browser is ${user === null ? 'logged out' : 'logged in as Ana again'}.`,
      ].join(' '),
    }
  },
}
