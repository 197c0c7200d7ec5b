import assert from 'node:assert/strict'
import test from 'node:test'
import * as common from '@zxcvbn-ts/language-common'
import { createPasswords, newPasswordProblem } from '../../../src/accounts/index.ts'

const LONGER_THAN_14 = 15

test('[PASS-1] a password that is easy to guess is refused with the reason and with what to do', async (t) => {
  const judge = judgeFor(t, ['Zoë Marlow-Hart', 'zoe.hart@mail.example'])
  for (const [reason, passwords] of [
    [/common/, ['P@ssw0rd1234567', 'qwertyuiopasdfg', 'zxcvbnmasdfghjkl', '123456789012345']],
    [
      /your name or your e-mail address/,
      ['zoe.hart@mail.example', 'Zoe Marlow Hart Zoe', 'ZoëHart19852004!', 'hart@mail.example!'],
    ],
    [/words of this application/, ['administrator123', 'koa session crm!', 'ACME-Tools login 2026', 'a good password']],
    [
      /repeats the same characters/,
      ['aaaaaaaaaaaaaaaa', 'abcabcabcabcabcabc', 'dragondragondragon', 'aA1!aA1!aA1!aA1!'],
    ],
    [/a sequence/, ['abcdefghijklmnop', 'zyxwvutsrqponmlk']],
  ] as const) {
    for (const password of passwords) {
      const problem = String(await judge(password))
      assert.match(problem, reason, password)
      assert.match(problem, / Choose several words that have nothing to do with each other\.$/)
    }
  }
})

test('[PASS-1] a password may have any kind of character, and may contain the user’s name among other words', async (t) => {
  const judge = judgeFor(t, ['Zoë Marlow-Hart', 'zoe.hart@mail.example'])
  for (const password of [
    'purple giraffe lamp',
    'Zoë paints seven purple giraffes',
    'koa gives acme tools a purple lamp',
    'жълт жираф тича бързо',
    '漢字仮名交じり文を書く練習帳三冊目',
    '8417 2290 6634 1175 9',
  ])
    assert.equal(await judge(password), undefined, password)
  assert.equal(await judge('Zoe\u0308 Zoe\u0308 Zoe\u0308 Zoe\u0308'), await judge('Zoë Zoë Zoë Zoë'))
})

test('[PASS-1] of three thousand common passwords, none is accepted when it is repeated up to the shortest length', async (t) => {
  const judge = judgeFor(t, [])
  const every = 60
  const sample = common.dictionary['passwords-common'].slice(0, 3000).filter((_, index) => index % every === 0)
  assert.equal(sample.length, 3000 / every)
  const accepted = []
  for (const word of sample) {
    const long = String(word).repeat(Math.ceil(LONGER_THAN_14 / String(word).length))
    if ((await judge(long)) === undefined) accepted.push(long)
  }
  assert.deepEqual(accepted, [])
})

test('[PASS-1] the limits of the length come first, and count composed characters', async (t) => {
  const judge = judgeFor(t, [])
  assert.equal(await judge('14 characters.'), 'The password has 14 characters; at least 15 are needed.')
  assert.match(String(await judge('e\u0301'.repeat(14))), /has 14 characters/)
  assert.match(String(await judge('x'.repeat(73))), /73 bytes long; at most 72/)
})

function judgeFor(t: { after(run: () => Promise<void>): void }, user: string[]) {
  const passwords = createPasswords({ cost: 4 })
  t.after(() => passwords.close())
  const parts = { passwords, config: { profile: 'production', appName: 'ACME-Tools' } } as const
  return (password: string) => newPasswordProblem(parts, password, user)
}
