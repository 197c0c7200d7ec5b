import assert from 'node:assert/strict'
import test from 'node:test'
import { startDemo } from '../../support/demo.ts'

test('[HOME-1] [HOME-2] a guest sees a login button for each account, and a signed-in user the tour instead', async (t) => {
  const visitor = (await startDemo(t)).visitor()
  const { text } = await visitor.get('/')
  const names = [...text.matchAll(/Log in as<\/span> ([^<]+)<\/span> <span class="account-role">(\w+)/g)]
  assert.deepEqual(
    names.map(([, name, role]) => `${name}, ${role}`),
    [
      'Ada Marlow, salesperson',
      'Jonas Keller, salesperson',
      'Sofia Rinaldi, salesperson',
      'Noah Lindgren, salesperson',
      'Helen Okafor, manager',
      'Tomasz Nowak, administrator',
    ],
  )
  const [first = ''] = /<form method="post" action="\/4DACTION[\s\S]*?<\/form>/.exec(text) ?? []
  const fields = [...first.matchAll(/name="(\w+)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value])
  const login = await visitor.post('/4DACTION/authenticate', Object.fromEntries(fields))
  assert.deepEqual([login.status, login.location], [302, '/authenticationOK.shtml'])

  const signedIn = (await visitor.get('/')).text
  assert.match(
    signedIn,
    /signed in as <strong>Ada Marlow<\/strong>[\s\S]*Continue<[\s\S]*Take the tour[\s\S]*<ol class="tour-steps">/,
  )
  assert.doesNotMatch(signedIn, /4DACTION|Jonas Keller/)
})

test('[HOME-3] in production, the home page has links to log in and to sign up, and no account and no tour', async (t) => {
  const { text } = await (await startDemo(t, { profile: 'production' })).visitor().get('/')
  assert.match(text, /href="\/authenticate\.shtml">Log In<\/a> <a class="button quiet" href="\/signup">Sign Up</)
  assert.doesNotMatch(text, /4DACTION|crm-demo|tour|\/lab/)
})
