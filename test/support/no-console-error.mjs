// Loaded before every test file: a test that makes noise on console.error or console.warn fails its file.
import { format } from 'node:util'

for (const method of ['error', 'warn']) {
  console[method] = function noisy(...values) {
    const { stack } = new Error(`console.${method}: ${format(...values)}`)
    process.stderr.write(`${stack}\n`)
    process.once('exit', () => {
      process.exitCode = 1
    })
  }
}
