import { expect, test } from './story.ts'

test('Ada logs in and sees her top 3 customers, and a logout leaves nothing behind', async ({ person, step }) => {
  const ada = await person('Ada')

  const guest = await step('Ada opens a page that needs a login. The demo asks for it first.', async (picture) => {
    await ada.opens('/customers')
    await ada.isAt(/\/authenticate\.shtml\?next=%2Fcustomers$/)
    await ada.sees('Log In')
    await picture('login-1-form', ada)
    return ada.sessionId()
  })

  await step('An unknown userId and a wrong password each get their own answer.', async () => {
    await ada.logsIn('99')
    await ada.isRefused('This userId is unknown')
    expect(await ada.copies('userId')).toBe('99')
    await ada.logsIn('1', 'wrong')
    await ada.isRefused('This password is wrong')
    expect(await ada.copies('userId')).toBe('1')
  })

  await step('With the right password, she is on the page that she asked for.', async () => {
    await ada.logsIn('1')
    await ada.isAt(/\/customers$/)
    await ada.sees('Your customers')
  })

  const best = await step(
    'The login gave her session a new ID, and put her top 3 customers into it.',
    async (picture) => {
      await ada.follows('Welcome')
      await ada.sees('Welcome, Ada Marlow')
      expect(await ada.sessionId()).not.toBe(guest)
      const top3 = await ada.listBelow('Your top 3 customers')
      expect(top3).toHaveLength(3)
      await picture('login-2-welcome', ada)
      return String(top3[0])
    },
  )

  await step('The best of them is also the first of all her customers.', async () => {
    await ada.follows('See the customers')
    await ada.chooses('Sort by', 'Total purchases')
    await ada.presses('Show')
    await ada.isAt(/sort=total/)
    expect(await ada.firstInTable()).toBe(best)
    await ada.follows(best)
    await ada.sees(best)
    await ada.reads('Purchases')
  })

  await step('She logs out. The Back button shows no page of hers.', async () => {
    await ada.logsOut()
    for (let times = 0; times < 3; times += 1) {
      await ada.goesBack()
      await ada.sees('Log In')
      await ada.doesNotRead(best)
      await ada.doesNotRead('Ada Marlow')
    }
  })
})
