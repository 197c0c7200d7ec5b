import { sessionHandler } from '../../src/session/fetch/index.ts'
import { answer, manager } from '../fetch-app.ts'

const fetch = sessionHandler(manager, answer, {
  address: (request, server: Bun.Server<undefined>) => server.requestIP(request)?.address ?? null,
})

const { url } = Bun.serve({ hostname: '127.0.0.1', port: Number(process.env.PORT ?? 3000), fetch })
console.log(url.origin)
