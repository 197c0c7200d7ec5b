export default async function Login({ searchParams }: { searchParams: Promise<{ next?: string }> }) {
  const { next = '/' } = await searchParams
  return (
    <form method="post" action="/api/login">
      <input name="userName" placeholder="Name" required />
      <input name="password" type="password" placeholder="demo" required />
      <input name="next" type="hidden" value={next} />
      <button type="submit">Log in</button>
    </form>
  )
}
