import { currentSession } from '../session.ts'

export default async function Home() {
  const { userName, storage } = await currentSession()
  return (
    <main>
      <p>
        {userName || 'A guest'} counted to <b>{storage.count ?? 0}</b>.
      </p>
      <form method="post" action="/api/count">
        <button type="submit">Count</button>
      </form>
      <a href="/account">Account</a>
    </main>
  )
}
