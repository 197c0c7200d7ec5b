// npm run demo:lan: runs the demo so that a phone on the same network can open it, and prints a warning.
import { networkInterfaces } from 'node:os'
import { readEnvFile } from '../src/config/env-file.ts'

readEnvFile()

const port = process.env.PORT || '8044'
const address = process.env.LAN_ADDRESS || lanAddress()

if (address === undefined) {
  console.error(
    'This machine has no address in a private network. Set LAN_ADDRESS to an address that a phone can reach.',
  )
  process.exit(1)
}

Object.assign(process.env, { HOST: '0.0.0.0', PORT: port, PUBLIC_URL: `http://${address}:${port}`, PROFILE: 'demo' })
console.log(
  `All on your network can now open ${process.env.PUBLIC_URL}, log in with the demo's accounts and read its\n` +
    'mailbox. Use it among people you trust, and stop it with Ctrl-C when you are done.\n',
)
await import('../src/main.ts')

function lanAddress() {
  const own = Object.values(networkInterfaces()).flat()
  const usable = own.filter(({ family, internal }) => family === 'IPv4' && !internal)
  const isPrivate = ({ address }) => /^(10|192\.168|172\.(1[6-9]|2\d|3[01]))\./.test(address)
  return (usable.find(isPrivate) ?? usable[0])?.address
}
