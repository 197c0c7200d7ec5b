import type { Experiment } from '../experiment.ts'

export const wrongLink: Experiment = {
  name: 'wrong-link',
  title: 'A link of another user',
  question:
    'Ben is logged in, and clicks a one-time link to Ana’s session. Does the link replace Ben’s session without a question?',
  steps: [
    'Ana logs in and makes a one-time link to her session.',
    'Ben logs in on another computer and saves a note.',
    'Ana’s link reaches Ben by mistake. Ben clicks it, and presses no button.',
    'Ben opens the page.',
  ],
  expected: 'Ben is still logged in as Ben.',
  usualWay:
    'koa-session has no one-time links, so the result depends on the application. Here, as in many applications, the GET request of the link finds the token in a table, and assigns its user to ctx.session.',
  ownWay:
    'The link is made with createOTP({ confirm: true }). Its page names Ana and Ben, and only a POST that confirms the change of user opens it.',
  promise: 'OTP-15',
  test: 'test/session/core/attacks-on-trust.test.ts',
  async run(stage) {
    const ana = stage.browser('Ana')
    const ben = stage.browser('Ben')
    await ana.post('/login?user=ana')
    const { link = '' } = await ana.post('/link')
    await ben.post('/login?user=ben')
    await ben.post('/save?note=of-ben')
    await ben.get(link)
    const { user, notes } = await ben.get('/page')
    if (user === 'ben') return { holds: true, actual: 'Ben is still logged in as Ben.' }
    const mixed = notes.includes('of-ben') ? ' Ben’s note is now a note of Ana.' : ''
    return { holds: false, actual: `Ben is logged in as Ana, without a question.${mixed}` }
  },
}
