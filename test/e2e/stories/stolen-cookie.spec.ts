import { letProofEnd, openBrowser, test } from '../binding-demo.ts'
import { expect } from '../fixtures.ts'
import { Person } from './person.ts'
import { Thief } from './terminal.ts'

const NOTICE = 'A copy of your cookie was refused.'

test('[BIND-45] a thief copies the cookies of Jonas, and they open nothing when the last proof of the browser has ended', async ({
  scope,
  binding,
  step,
}) => {
  const browser = await openBrowser(scope, binding)
  const jonas = new Person('Jonas', browser.page)

  await step('Jonas logs in. The browser binds the cookie to a key that never leaves it.', async (picture) => {
    await jonas.opens('/authenticate.shtml')
    await jonas.logsIn('2')
    await jonas.sees(/^Welcome/)
    await browser.isBound()
    await jonas.opens('/account/sessions')
    await picture('stolen-cookie-1-bound', jonas)
  })

  const thief = new Thief(binding.server.url)

  await step(
    'A thief copies the cookies. They open pages while the last proof is less than ten minutes old.',
    async () => {
      thief.copies(await browser.context.cookies())
      thief.notes('09:00, the last proof of the browser is new')
      expect(await thief.gets('/customers')).toMatchObject({ status: 200 })
    },
  )

  await step('Later the copy opens nothing, because the thief cannot prove the key.', async () => {
    await letProofEnd(browser, binding)
    thief.notes('09:11, the last proof has ended')
    expect(await thief.gets('/customers')).toMatchObject({
      location: '/authenticate.shtml?next=%2Fcustomers&ended=key',
    })
    expect(await thief.fetches('/customers')).toMatchObject({ status: 401 })
  })

  await step('The browser of Jonas proves its key and works on. The next page tells of the copy.', async (picture) => {
    await jonas.opens('/customers')
    await jonas.sees('Your customers')
    await jonas.reads(NOTICE)
    await picture('stolen-cookie-2-refused', jonas, thief)
    await jonas.reloads()
    await jonas.doesNotRead(NOTICE)
    expect(browser.refreshes).toEqual(['Refreshed'])
  })
})
