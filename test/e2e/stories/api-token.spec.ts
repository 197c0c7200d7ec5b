import { expect, test } from './story.ts'
import { Program } from './terminal.ts'

test('Jonas gives a program a token for the REST API, sees that it is used, and revokes it', async ({
  baseURL,
  person,
  step,
}) => {
  const jonas = await person('Jonas')
  const report = new Program('A nightly report', String(baseURL))

  await step('Jonas makes a token for a program. It may read for 90 days.', async (picture) => {
    await jonas.opens('/account/tokens')
    await jonas.isAt(/\/authenticate\.shtml\?next=%2Faccount%2Ftokens$/)
    await jonas.logsIn('2')
    await jonas.sees('Your API tokens')
    await jonas.reads('You have no tokens yet.')
    await jonas.fillsIn({ Name: 'Nightly report' })
    await jonas.chooses('Lives for', '90 days')
    await picture('api-token-1-form', jonas)
    await jonas.presses('Make the token')
  })

  const token = await step('The page shows the token once. The program calls the API with it.', async (picture) => {
    await jonas.sees('Your new API token')
    const token = await jonas.copies('Token')
    const command = await jonas.copies('Try it in a terminal')
    expect(command).toMatch(/^curl -s http:\/\/localhost:\d+\/api\/me -H /)
    expect(command.endsWith(`'Authorization: Bearer ${token}'`)).toBe(true)
    await jonas.fitsOnTheScreen()
    const me = await report.calls('/api/me', token)
    expect(me.status).toBe(200)
    expect(me.body).toMatchObject({ userName: 'Jonas Keller', token: { name: 'Nightly report', scope: 'read' } })
    await picture('api-token-2-new', jonas, report)
    return token
  })

  await step('The list shows when and from where the token was used, and not the token.', async () => {
    await jonas.follows('I have copied it')
    await jonas.reads('from 127.0.0.1, report/1.0')
    await jonas.doesNotRead(token.slice(-43))
    await jonas.fitsOnTheScreen()
  })

  await step('Jonas revokes the token. The next call of the program is refused.', async (picture) => {
    await jonas.presses('Revoke Nightly report')
    await jonas.reads('Programs that use it are refused at once.')
    await jonas.presses('Revoke now')
    await jonas.isTold('The token is revoked. No program can use it any more.')
    await jonas.reads('You have no tokens yet.')
    const refused = await report.calls('/api/me', token)
    expect(refused.status).toBe(401)
    expect(refused.body).toEqual({ isCallbackError: true, message: 'Access Denied. Please sign in first.' })
    await picture('api-token-3-revoked', jonas, report)
  })
})
