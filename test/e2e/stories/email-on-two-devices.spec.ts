import type { Person } from './person.ts'
import { expect, test } from './story.ts'

const PASSWORD = 'correct horse battery'

test('Ana signs up on her laptop and opens the link on her phone, and both browsers are then in one session', async ({
  person,
  step,
}, { repeatEachIndex }) => {
  const laptop = await person('Ana’s laptop')
  const phone = await person('Ana’s phone', 'phone')
  const again = repeatEachIndex > 0 ? repeatEachIndex : ''
  const email = `ana${again}@example.com`

  const session = await step(
    'Ana signs up on her laptop. The page waits until she opens the link.',
    async (picture) => {
      await signUp(laptop, email)
      await laptop.reads('A mail with a link is on its way')
      await picture('email-1-waiting', laptop)
      return sessionOf(laptop)
    },
  )

  const link = await step('She reads the mail on her phone. The phone has a session of its own.', async (picture) => {
    const address = await phone.readsMailTo(email)
    await picture('email-2-mail', laptop, phone)
    return address
  })

  await step('The link brings the phone into the laptop’s session. The laptop shows it by itself.', async (picture) => {
    await phone.opens(link)
    await phone.sees('Congratulations')
    await phone.reads(`Your email ${email} has been validated`)
    await laptop.sees('Email validated')
    expect(await sessionOf(phone)).toBe(session)
    expect(await sessionOf(laptop)).toBe(session)
    await picture('email-3-validated', laptop, phone)
  })

  await step('What happens on one device, the other device shows.', async () => {
    const second = `bo${again}@example.com`
    await signUp(phone, second)
    await laptop.opens('/signup/waiting')
    await laptop.reads(second)
  })

  await step('The link works once. A link that was guessed does not work at all.', async (picture) => {
    const replayed = await phone.opensTab(link)
    await replayed.sees('Invalid token')
    const guessing = await laptop.opensTab(`/validateEmail?$4DSID=${'F'.repeat(32)}`)
    await guessing.sees('Invalid token')
    await picture('email-4-once', guessing, replayed)
    await guessing.opens('/signup/waiting')
    await guessing.sees('Waiting for validation email')
  })

  await step('Ana logs in with the address that she has validated.', async (picture) => {
    const tab = await laptop.opensTab('/authenticate.shtml')
    await tab.logsIn(email, PASSWORD)
    await tab.sees('Your page')
    await tab.reads('There is no customer with this address')
    await picture('email-5-own-page', tab)
  })
})

async function signUp(visitor: Person, email: string): Promise<void> {
  await visitor.opens('/signup')
  await visitor.fillsIn({ 'E-mail': email, Password: PASSWORD })
  await visitor.presses('Sign Up')
  await visitor.sees('Waiting for validation email')
}

/** The ID of the session, which the pages of a sign-up show. */
async function sessionOf(visitor: Person): Promise<string> {
  return visitor.readsCode(/^This browser is (now )?in the session/)
}
