import { route, seeOther } from '../../../session.ts'

export const POST = route(async (_request, session) => {
  await session.use((storage) => {
    storage.count = (storage.count ?? 0) + 1
  })
  return seeOther('/')
})
