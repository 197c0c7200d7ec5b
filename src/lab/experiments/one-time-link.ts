import type { Experiment, Stage } from '../experiment.ts'

const PEOPLE = 20

export const oneTimeLink: Experiment = {
  name: 'one-time-link',
  title: 'A one-time link',
  question:
    'A mail scanner opens a one-time link before its owner, and twenty browsers open another link at once. Who gets in?',
  steps: [
    'Ana makes two one-time links to her session.',
    'A mail scanner opens the first link with a GET request.',
    'Ben opens the first link, and presses the button if the page shows one.',
    `${PEOPLE} browsers open the second link at the same moment.`,
  ],
  expected: `The scanner does not get in, Ben gets in, and one of the ${PEOPLE} browsers gets in.`,
  usualWay:
    'koa-session has no one-time links, so the result depends on the application. Here, as in many applications, the GET request of the link finds the token in a table, opens the link, and then deletes the token.',
  ownWay: 'The link is made with createOTP({ confirm: true }), so a GET request does not open it.',
  promise: 'OTP-7',
  test: 'test/session/core/one-time-links.test.ts',
  async run(stage) {
    const ana = stage.browser('Ana')
    await ana.post('/login?user=ana')
    const [first, second] = [(await ana.post('/link')).link ?? '', (await ana.post('/link')).link ?? '']

    const isIn = async ({ user }: { user: string | null }) => user === 'ana'
    const scanner = await isIn(await stage.browser('Mail scanner').get(first))
    const ben = await isIn(await stage.browser('Ben').open(first))
    const people = await openAtOnce(stage, second)

    return {
      holds: !scanner && ben && people === 1,
      actual: [
        scanner ? 'The mail scanner got in and used up the link.' : 'The mail scanner did not get in.',
        ben ? 'Ben got in.' : 'Ben did not get in.',
        `${people} of the ${PEOPLE} browsers got in.`,
      ].join(' '),
    }
  },
}

/** Returns how many browsers got in. */
async function openAtOnce(stage: Stage, link: string): Promise<number> {
  const browsers = Array.from({ length: PEOPLE }, (_, index) => stage.browser(`Browser ${index + 1}`))
  const opened = await stage.overlap((hold) => browsers.map((browser) => browser.open(`${link}&hold=${hold}`)))
  return opened.filter(({ user }) => user === 'ana').length
}
