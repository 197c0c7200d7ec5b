import { sessionHandler } from '../../src/session/fetch/index.ts'
import { answer, manager } from '../fetch-app.ts'

const handler = sessionHandler(manager, answer, {
  address: (_request, { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>) => remoteAddr.hostname,
})

const onListen = ({ port }: { port: number }) => console.log(`http://127.0.0.1:${port}`)
Deno.serve({ hostname: '127.0.0.1', port: Number(Deno.env.get('PORT') ?? 3000), onListen }, handler)
