import { safeNext } from '../../../../../src/session/fetch/index.ts'
import { route, seeOther } from '../../../session.ts'

export const POST = route(async (request, session) => {
  const form = await request.formData()
  const userName = String(form.get('userName') ?? '')
  // In your application, compare the password with a hash.
  if (userName === '' || form.get('password') !== 'demo')
    return new Response('The name or the password is wrong. Go back and try again.\n', { status: 422 })
  await session.setPrivileges({ userId: userName.toLowerCase(), userName }, { login: true })
  return seeOther(safeNext(form.get('next')) ?? '/')
})
