import type { Experiment } from '../experiment.ts'

const MINUTES = 11

export const stolenCookie: Experiment = {
  name: 'stolen-cookie',
  title: 'A stolen cookie',
  question: 'A thief copies the cookies of a logged-in user to another machine. For how long is the thief in?',
  steps: [
    'Ana logs in. With device binding, her browser also registers a key.',
    'A thief copies all cookies of her browser, and opens her page with them.',
    `${MINUTES} minutes pass. The thief and Ana open the page again.`,
    'Ana signs out all other browsers, and the thief tries once more.',
  ],
  expected: `After ${MINUTES} minutes, the copy opens nothing, and Ana is still logged in.`,
  usualWay:
    'A cookie of koa-session opens its session from every machine. To sign out other browsers, the application calls regenerate().',
  ownWay: 'Without device binding, a copied cookie opens its session, as with every session library.',
  bindsDevice: true,
  ownTry: { href: '/lab/curl', label: 'Steal a cookie yourself, with curl' },
  promise: 'BIND-3',
  test: 'test/session/core/device-binding/proof-check.test.ts',
  async run(stage) {
    const ana = stage.browser('Ana')
    const thief = stage.browser('Thief')
    const isIn = async (browser: typeof ana) => (await browser.get('/page')).user === 'ana'

    await ana.post('/login?user=ana')
    thief.plant(ana.cookie)
    const atOnce = await isIn(thief)
    stage.wait(MINUTES)
    const later = await isIn(thief)
    const { user, copies = 0 } = await ana.get('/page')
    await ana.post('/end-others')
    const afterEnd = await isIn(thief)

    return {
      holds: !later && !afterEnd && user === 'ana',
      actual: [
        atOnce ? 'The copy opened Ana’s page at once.' : 'The copy did not open Ana’s page at once.',
        later ? `It still did after ${MINUTES} minutes.` : `After ${MINUTES} minutes it opened nothing.`,
        user === 'ana' ? 'Ana is still logged in.' : 'Ana is logged out.',
        ...(copies > 0 ? ['Her page tells her of the refused copy.'] : []),
        ...(later ? [`When Ana had signed out the others, it opened ${afterEnd ? 'her page' : 'nothing'}.`] : []),
      ].join(' '),
    }
  },
}
