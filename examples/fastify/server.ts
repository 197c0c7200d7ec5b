import fastify from 'fastify'
import { createSessions, type SessionOf, storageOf } from '../../src/session/index.ts'
import { crossOriginGuard, requireUser, safeNext, sessions } from '../../src/session/node-http/fastify.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'
import { type LoginForm, pages, userOf } from '../pages.ts'

const manager = createSessions({
  appName: 'FASTIFY',
  store: memoryStore(),
  storage: storageOf<{ count?: number }>(),
  guests: 'first-write',
  secureCookie: false, // only for plain http on your own machine
})

declare module 'fastify' {
  interface FastifyRequest {
    readonly session: SessionOf<typeof manager>
  }
}

const app = fastify()
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, async (_: unknown, body: string) =>
  Object.fromEntries(new URLSearchParams(body)),
)
app.addHook('onRequest', crossOriginGuard())
await app.register(sessions(manager))

app.get('/', async ({ session }, reply) => reply.type('text/html').send(pages.home(session)))
app.post('/count', async ({ session }, reply) => {
  await session.use((storage) => {
    storage.count = (storage.count ?? 0) + 1
  })
  return reply.redirect('/', 303)
})
app.get('/account', { preHandler: requireUser({ loginPath: '/login' }) }, async ({ session }, reply) =>
  reply.type('text/html').send(pages.account(session)),
)
app.get<{ Querystring: LoginForm }>('/login', async ({ query }, reply) =>
  reply.type('text/html').send(pages.login(query.next ?? '/')),
)
app.post<{ Body: LoginForm }>('/login', async ({ body, session }, reply) => {
  const user = userOf(body)
  if (!user)
    return reply
      .code(422)
      .type('text/html')
      .send(pages.login(body.next ?? '/'))
  await session.setPrivileges(user, { login: true })
  return reply.redirect(safeNext(body.next) ?? '/', 303)
})
app.post('/logout', async ({ session }, reply) => {
  await session.close()
  return reply.redirect('/', 303)
})
app.addHook('onClose', () => manager.close())

process.stdout.write(`${await app.listen({ port: Number(process.env.PORT ?? 3000), host: '127.0.0.1' })}\n`)
process.once('SIGTERM', () => void app.close())
