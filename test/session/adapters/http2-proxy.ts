import { createServer } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'

const OF_A_CONNECTION = ['connection', 'host', 'keep-alive', 'transfer-encoding']

/** Passes each request of HTTP/1.1 to a server that speaks only HTTP/2, because the client of the contract uses HTTP/1.1. */
export async function http2Proxy(target: string) {
  const session = connect(target)
  const server = createServer((req, res) => {
    const kept = Object.entries(req.headers).filter(([name]) => !OF_A_CONNECTION.includes(name))
    const [method, path, authority] = [req.method, req.url, req.headers.host]
    const head = { ':method': method, ':path': path, ':authority': authority, ...Object.fromEntries(kept) }
    const stream = session.request(head as Record<string, string>, { endStream: method !== 'POST' })
    stream.on('response', (headers) => {
      const sent = Object.entries(headers).filter(([name]) => !name.startsWith(':'))
      res.writeHead(headers[':status'] ?? 502, Object.fromEntries(sent))
      stream.pipe(res)
    })
    stream.on('error', () => res.destroy())
    res.on('close', () => stream.close())
    if (method === 'POST') req.pipe(stream)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      await new Promise((resolve) => server.close(resolve))
      await new Promise<void>((resolve) => session.close(resolve))
    },
  }
}
