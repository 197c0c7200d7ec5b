import { proveExample, startProgram } from '../conversation.ts'

proveExample('Koa', () => startProgram(import.meta.dirname, process.execPath, ['server.ts']))
