import { proveExample, startProgram } from '../conversation.ts'
import { proveDocumentedCode } from '../documented-code.ts'

proveExample('node:http', () => startProgram(import.meta.dirname, process.execPath, ['server.ts']))
proveDocumentedCode('node-http.md', import.meta.dirname)
