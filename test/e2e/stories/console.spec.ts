import { test } from './story.ts'

test('Tomasz ends a session in the console with a message, and Sofia reads it a moment later without a click', async ({
  person,
  step,
}) => {
  const tomasz = await person('Tomasz, administrator')
  const sofia = await person('Sofia')

  await step('Sofia works. Tomasz, the administrator, finds her session in the console.', async (picture) => {
    await sofia.opens('/authenticate.shtml?next=%2Fcustomers')
    await sofia.logsIn('3')
    await sofia.sees('Your customers')
    await tomasz.opens('/authenticate.shtml?next=%2Fadmin%2Fsessions%3Fuser%3D3')
    await tomasz.logsIn('6')
    await tomasz.reads('Sofia Rinaldi')
    await picture('console-1-sessions', tomasz)
  })

  await step('Tomasz ends it on all its devices, with a message.', async (picture) => {
    await tomasz.follows('Sofia Rinaldi')
    await tomasz.sees('Session of Sofia Rinaldi')
    await tomasz.fillsIn({ Message: 'Please call me, Tomasz' })
    await picture('console-2-message', tomasz, sofia)
    await tomasz.presses('End this session')
    await tomasz.isTold('The session has ended on all its devices.')
  })

  await step('Her browser goes to the login page by itself, and shows the message.', async (picture) => {
    await sofia.looksAgain('/customers')
    await sofia.isTold('Your session was ended. The administrator who ended it wrote: “Please call me, Tomasz”')
    await sofia.isAt(/\/authenticate\.shtml\?next=%2Fcustomers&ended=1$/)
    await picture('console-3-ended', tomasz, sofia)
  })

  await step('She reads it once.', async () => {
    await sofia.reloads()
    await sofia.sees('Log In')
    await sofia.doesNotRead('Please call me')
  })
})
