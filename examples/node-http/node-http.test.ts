import { proveExample, startProgram } from '../conversation.ts'

proveExample('node:http', () => startProgram(import.meta.dirname, process.execPath, ['server.ts']))
