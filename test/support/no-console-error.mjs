// Node loads this module before each test file. The file fails if a test calls console.error or console.warn.
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
