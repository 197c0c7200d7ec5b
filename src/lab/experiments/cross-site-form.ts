import type { Experiment } from '../experiment.ts'

export const crossSiteForm: Experiment = {
  name: 'cross-site-form',
  title: 'A form on another site',
  question:
    'A user is logged in, and opens a page of another site. This page sends forms to the application. What do the forms do?',
  steps: [
    'Ana logs in.',
    'In another tab, Ana opens a page of other.example, whose script sends a form to /save. The lab plays the browser: it sends the header Origin: https://other.example, and leaves out the cookies that SameSite holds back.',
    'Ana opens the page of the application.',
    'The page of other.example sends a second form, to /logout.',
    'Ana opens the page again.',
  ],
  expected: 'The forms save nothing, and Ana stays logged in.',
  usualWay:
    'koa-session sets a cookie without the attribute SameSite, and the application has no CSRF tokens. Firefox and Safari send such a cookie with a form of another site. Chromium does so in the first two minutes after the cookie was set, as in this run.',
  otherwise: {
    setUp: "With sameSite: 'lax', the forms lack the cookie, but their responses replace and delete it",
    usual: { sameSite: 'lax' },
  },
  ownWay:
    'The cookie has SameSite=Lax, and crossOriginGuard() refuses forms of other origins, with or without a cookie.',
  promise: 'ADAPT-7',
  test: 'src/session/testing/adapter-contract.ts',
  async run(stage) {
    const ana = stage.browser('Ana')
    await ana.post('/login?user=ana')
    await ana.postFromOtherSite('/save?note=foreign')
    const { user, notes } = await ana.get('/page')
    const isSaved = user === 'ana' && notes.length > 0
    await ana.postFromOtherSite('/logout')
    const isLoggedIn = (await ana.get('/page')).user === 'ana'
    return {
      holds: !isSaved && isLoggedIn,
      actual: [
        isSaved ? 'A form has saved a note for Ana.' : 'No form has saved a note for Ana.',
        isLoggedIn ? 'Ana stays logged in.' : 'A form has logged Ana out.',
      ].join(' '),
    }
  },
}
