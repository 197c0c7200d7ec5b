import { proveExample, startProgram } from '../conversation.ts'
import { proveDocumentedCode } from '../documented-code.ts'

proveExample('Koa', () => startProgram(import.meta.dirname, process.execPath, ['server.ts']))

proveDocumentedCode('koa.md', import.meta.dirname)
