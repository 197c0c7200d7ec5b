import type { Experiment } from '../experiment.ts'

export const loginRace: Experiment = {
  name: 'login-race',
  title: 'Login during a request',
  question: 'A guest logs in while requests of the same page are running. Is the user logged in afterwards?',
  steps: [
    'A guest saves a note, and gets a cookie.',
    'The guest’s page sends a slow request.',
    'Meanwhile, the guest logs in as Ana.',
    'Another request arrives with the guest’s cookie, because it left the browser before the login was answered.',
    'The slow request finishes, and the browser opens the page.',
  ],
  expected: 'The browser is logged in as Ana.',
  usualWay: 'The login calls regenerate(), which creates a new session ID.',
  promise: 'SECURE-9',
  test: 'test/session/core/secure-session.test.ts',
  async run(stage) {
    const ana = stage.browser('Ana')
    await ana.post('/save?note=first')
    const guest = ana.cookie
    await stage.overlap(
      (hold) => [ana.post(`/save?note=slow&hold=${hold}`)],
      async () => {
        await ana.post('/login?user=ana')
        await ana.post('/save?note=late', guest)
      },
    )
    const { user } = await ana.get('/page')
    if (user === 'ana') return { holds: true, actual: 'The browser is logged in as Ana.' }
    return { holds: false, actual: 'The login is lost: an older request has replaced its cookie.' }
  },
}
