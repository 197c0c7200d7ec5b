import { once } from 'node:events'
import { connect } from 'node:net'

/** Sends bytes that no HTTP client would send, and returns all that comes back until the connection ends. */
export async function sendRaw(
  url: string,
  text: string,
  later?: { whenReceived: RegExp; send: string },
): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  let received = ''
  socket.setEncoding('utf8').on('data', (piece: string) => {
    const isNew = later?.whenReceived.test(received) === false
    received += piece
    if (isNew && later.whenReceived.test(received)) socket.write(later.send)
  })
  // The server may reset the connection after its response.
  socket.on('error', () => {})
  const closed = once(socket, 'close')
  socket.write(text)
  await closed
  return received
}
