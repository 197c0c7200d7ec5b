import type { Person } from './person.ts'
import { expect, test, VARIANT } from './story.ts'

test('Mallory plants her own cookie in Ada’s browser, and has nothing of it when Ada logs in', async ({
  person,
  step,
}) => {
  const ada = await person('Ada')
  const mallory = await person('Mallory')

  const planted = await step(
    'Mallory plants her own cookie in Ada’s browser. Both are in one session.',
    async (picture) => {
      await mallory.opens('/')
      const cookie = await mallory.sessionCookie()
      await ada.receives(await mallory.browser.cookies())
      await ada.opens('/')
      expect(await ada.sessionCookie()).toBe(cookie)
      await picture('fixation-1-planted', ada, mallory)
      return cookie
    },
  )

  const own = await step('Ada logs in. The login gives her a new session ID and a new cookie.', async () => {
    await ada.opens('/authenticate.shtml')
    await ada.logsIn('1')
    await ada.sees('Welcome, Ada Marlow')
    return ada.sessionCookie()
  })

  await step('The cookie that Mallory knows is not the one that Ada has. It opens nothing.', async (picture) => {
    expect(own).not.toBe(planted)
    const tab = await isStranger(mallory)
    expect(await mallory.sessionCookie()).toBe(planted)
    await picture('fixation-2-refused', ada, tab)
  })

  await step('Ada works on, and notices nothing.', async () => {
    await ada.opens('/customers')
    await ada.sees('Your customers')
    expect(await ada.sessionCookie()).toBe(own)
  })
})

for (const [who, userId] of [
  ['a guest', undefined],
  ['logged in', '2'],
] as const)
  test(
    `Mallory, who is ${who}, brings Ada into her session by a link, and loses access when Ada logs in`,
    VARIANT,
    async ({ demo, person, step }) => {
      const ada = await person('Ada')
      const mallory = await person('Mallory')
      const { sessions } = demo.parts

      const { id, spare } = await step('Mallory sends Ada a link that leads into her own session.', async () => {
        await mallory.opens('/authenticate.shtml')
        if (userId) await mallory.logsIn(userId)
        if (userId) await mallory.sees(/^Welcome/)
        const id = await mallory.sessionId()
        await ada.opens(`/?$4DSID=${await sessions?.createOTP(id)}`)
        expect(await ada.sessionId()).toBe(id)
        return { id, spare: await sessions?.createOTP(id) }
      })

      await step('Ada logs in, and is in a session of her own.', async () => {
        await ada.opens('/authenticate.shtml')
        await ada.logsIn('1')
        await ada.sees('Welcome, Ada Marlow')
        expect(await ada.sessionId()).not.toBe(id)
      })

      await step('Mallory has neither a way in by her cookie nor by another link.', async () => {
        await isStranger(mallory)
        await mallory.opensTab(`/?$4DSID=${spare}`)
        await isStranger(mallory)
        await ada.opens('/customers')
        await ada.sees('Your customers')
      })
    },
  )

/** Returns the tab in which the page of the customers asked for a login. */
async function isStranger(visitor: Person): Promise<Person> {
  const [welcome, customers] = [await visitor.opensTab('/authenticationOK.shtml'), await visitor.opensTab('/customers')]
  for (const tab of [welcome, customers]) {
    await tab.sees('Log In')
    await tab.doesNotRead('Ada Marlow')
  }
  return customers
}
