import type { Experiment } from '../experiment.ts'

export const fixation: Experiment = {
  name: 'fixation',
  title: 'Session fixation',
  question: 'An attacker plants a cookie in the browser of a victim, who then logs in. Is the attacker in?',
  steps: [
    'The attacker opens the site and gets a guest’s cookie.',
    'The attacker plants this cookie in Ana’s browser, for instance from a neighbouring subdomain.',
    'Ana logs in and saves a note.',
    'The attacker opens the page with the planted cookie.',
  ],
  expected: 'The attacker is a guest and sees no note of Ana.',
  usualWay:
    'The login assigns the user to ctx.session. koa-session keeps its session ID unless the application also calls regenerate().',
  usual: { regenerates: false },
  otherwise: { setUp: 'With regenerate() at the login', usual: { regenerates: true } },
  promise: 'PRIV-8',
  test: 'test/session/core/attacks-on-trust.test.ts',
  async run(stage) {
    const attacker = stage.browser('Attacker')
    const ana = stage.browser('Ana')
    await attacker.post('/save?note=planted')
    ana.plant(attacker.cookie)
    await ana.post('/login?user=ana')
    await ana.post('/save?note=private')
    const { user, notes } = await attacker.get('/page')
    if (user === null && !notes.includes('private')) return { holds: true, actual: 'The attacker is a guest.' }
    return { holds: false, actual: 'The attacker is logged in as Ana and reads her note.' }
  },
}
