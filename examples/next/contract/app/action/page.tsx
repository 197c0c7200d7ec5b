import { headers } from 'next/headers'
import { readSession } from '../../../../../src/session/fetch/index.ts'
import { manager } from '../../manager.ts'

let outcome = 'none'

async function count() {
  'use server'
  const session = await readSession(manager, await headers())
  await session.use((storage) => {
    storage.count = (storage.count ?? 0) + 1
  })
  outcome = await session
    .setPrivileges({ userId: '5', userName: 'Ben' }, { login: true })
    .then(() => 'logged in')
    .catch(({ code }) => code)
}

export default async function Action() {
  const { userName, storage } = await readSession(manager, await headers())
  return (
    <form action={count}>
      <output>{[userName, storage.count ?? 0, outcome].join(' ')}</output>
    </form>
  )
}
