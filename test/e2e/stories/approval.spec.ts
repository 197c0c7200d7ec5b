import { unusedCustomer } from '../fixtures.ts'
import type { Person } from './person.ts'
import { expect, test, VARIANT } from './story.ts'

test('Ada asks for a discount, an approver decides on the site of a platform, and her page shows the decision by itself', async ({
  demo,
  person,
  step,
}) => {
  const ada = await person('Ada')

  await step('Ada asks for a discount. A platform of another company decides.', async (picture) => {
    await ada.opens('/authenticate.shtml')
    await ada.logsIn('1')
    await ada.sees('Welcome, Ada Marlow')
    await ada.opens(`/customers/${await unusedCustomer(demo, 1)}`)
    await asksForDiscount(ada, '$4DSID')
    await picture('approval-1-waiting', ada)
  })

  const approver = await step(
    'An approver opens the site of the platform. It gets no cookie of the CRM.',
    async (picture) => {
      const cookies = ada.cookiesSentTo(String(demo.platformUrl))
      const platform = await opensPlatform(ada)
      expect(new URL(platform.page.url()).hostname).not.toBe(new URL(ada.page.url()).hostname)
      expect(await cookies()).toEqual([])
      await picture('approval-2-platform', platform)
      return platform
    },
  )

  await step(
    'The approver agrees. The platform calls back with a one-time token, and Ada sees it.',
    async (picture) => {
      await approver.presses('Approve')
      await approver.isTold('You approved this.')
      await approver.reads('answered 200')
      await ada.isTold('approved')
      await picture('approval-3-decided', ada, approver)
    },
  )

  await step('A second callback with the same token changes nothing.', async () => {
    await approver.presses('Call back again')
    await approver.reads('Invalid token')
    await ada.isTold('approved')
    expect(await ada.browser.cookies(String(demo.platformUrl))).toEqual([])
  })
})

for (const [scenario, decision, button] of [
  ['state', 'refused', 'Refuse'],
  ['REST', 'approved', 'Approve'],
] as const)
  test(
    `a platform that calls back by ${scenario} reports that the discount is ${decision}`,
    VARIANT,
    async ({ demo, person }) => {
      const ada = await person('Ada')
      await ada.opens('/authenticate.shtml')
      await ada.logsIn('1')
      await ada.sees('Welcome, Ada Marlow')
      await ada.opens(`/customers/${await unusedCustomer(demo, 1)}`)
      await asksForDiscount(ada, scenario)
      const approver = await opensPlatform(ada)
      await approver.presses(button)
      await approver.isTold(`You ${decision} this.`)
      await ada.isTold(decision)
      await approver.presses('Call back again')
      await approver.reads('Invalid token')
      await ada.isTold(decision)
      await ada.follows('All your requests')
      await ada.reads(decision)
    },
  )

async function asksForDiscount(salesperson: Person, scenario: string): Promise<void> {
  await salesperson.unfolds('Ask for approval of a discount')
  await salesperson.fillsIn({ 'Per cent': '10', Reason: 'A good customer' })
  await salesperson.unfolds('How the platform calls back')
  await salesperson.picks(new RegExp(`^${scenario.replace('$', '\\$')} `))
  await salesperson.presses('Ask for approval')
  await salesperson.sees('10% discount')
  await salesperson.isTold('waiting')
}

async function opensPlatform(salesperson: Person): Promise<Person> {
  const approver = await salesperson.followsToTab('Decide on the platform’s page', 'An approver')
  await approver.sees(/^10% discount for/)
  return approver
}
