import type { Experiment } from '../experiment.ts'

export const logoutRace: Experiment = {
  name: 'logout-race',
  title: 'Logout during a write',
  question: 'A user logs out while a slow request is still running. Does that request bring the session back?',
  steps: [
    'Ana logs in.',
    'Her first tab saves a note. The request takes long.',
    'In a second tab, she logs out.',
    'The slow request finishes.',
    'Both her browser and a copy of her old cookie open the page.',
  ],
  expected: 'No browser is logged in.',
  usualWay: 'The logout sets ctx.session to null, which deletes the session from the store.',
  promise: 'ADAPT-3',
  test: 'src/session/testing/adapter-contract.ts',
  async run(stage) {
    const ana = stage.browser('Ana')
    const copy = stage.browser('Copy of the cookie')
    await ana.post('/login?user=ana')
    copy.plant(ana.cookie)
    await stage.overlap(
      (hold) => [ana.post(`/save?note=late&hold=${hold}`)],
      () => ana.post('/logout'),
    )
    const inBrowser = (await ana.get('/page')).user
    const inCopy = (await copy.get('/page')).user
    if (inBrowser === null && inCopy === null) return { holds: true, actual: 'No browser is logged in.' }
    const who = [inBrowser && 'the browser that logged out', inCopy && 'the old cookie'].filter(Boolean).join(' and ')
    return { holds: false, actual: `The session is back. Still logged in as Ana: ${who}.` }
  },
}
