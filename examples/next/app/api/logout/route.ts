import { route, seeOther } from '../../../session.ts'

export const POST = route(async (_request, session) => {
  await session.close()
  return seeOther('/')
})
