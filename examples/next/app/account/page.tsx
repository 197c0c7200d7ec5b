import { redirect } from 'next/navigation'
import { currentSession } from '../../session.ts'

export default async function Account() {
  const { userId, userName } = await currentSession()
  if (userId === undefined) redirect('/login?next=%2Faccount')
  return (
    <main>
      <p>This is the account of {userName}.</p>
      <form method="post" action="/api/logout">
        <button type="submit">Log out</button>
      </form>
    </main>
  )
}
