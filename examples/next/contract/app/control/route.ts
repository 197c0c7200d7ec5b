import { cookies } from 'next/headers'
import { notFound, redirect } from 'next/navigation'
import { sessionRoute } from '../../../../../src/session/fetch/next.ts'
import { manager } from '../../manager.ts'

/** Logs a user in, sets a cookie by Next.js, and then ends in one of the ways of Next.js. */
export const POST = sessionRoute(
  manager,
  async (request, session) => {
    await session.setPrivileges({ userId: '4', userName: 'Ana Lima' }, { login: true })
    const jar = await cookies()
    jar.set('theme', 'dark')
    const how = new URL(request.url).searchParams.get('how')
    if (how === 'redirect') redirect('/after;a=1')
    if (how === 'notFound') notFound()
    if (how === 'throw')
      throw Object.assign(new Error('the handler fails'), { digest: 'an application has a digest, too' })
    return new Response('a page')
  },
  { onError: () => new Response('It failed.', { status: 500 }) },
)
