// npm run demo:https: runs the demo on https with device binding, and prints how to start a browser that has it.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { readEnvFile } from '../src/config/env-file.ts'
import { projectRoot } from '../src/config/project-root.ts'
import { bindingFlags, selfSignedCertificate } from './certificate.ts'

readEnvFile()

const { env } = process
env.DEVICE_BINDING_MINUTES ||= '10'
if (!env.TLS_CERT && !env.TLS_KEY) env.TLS_CERT = env.TLS_KEY = ownCertificate()

await import('../src/main.ts')

const [features, pin] = bindingFlags(readFileSync(env.TLS_CERT, 'utf8'))
console.log(`
Cookies are bound to a key of the browser, if the browser has such keys. Start Chromium on Linux with a profile of its
own, and open the address above:

  chromium --user-data-dir=/tmp/crm-chromium \\
    ${features} \\
    ${pin}

Other browsers warn of the certificate, and use an ordinary cookie.`)

/** Returns a file with a private key and its certificate. Later starts use the same file, so the flags stay valid. */
function ownCertificate() {
  const folder = join(projectRoot(), '.https')
  const file = join(folder, 'localhost.pem')
  if (!existsSync(file)) {
    const { cert, key } = selfSignedCertificate()
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    writeFileSync(file, cert + key, { mode: 0o600 })
  }
  return file
}
