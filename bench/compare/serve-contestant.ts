// node bench/compare/serve-contestant.ts MODULE: serves the contestant and sends its address to the parent process.
import type { StartContestant } from './contestant.ts'
import { serve } from './serve.ts'

const [module = ''] = process.argv.slice(2)
const { default: start }: { default: StartContestant } = await import(module)
const { url } = await serve(start)
process.on('disconnect', () => process.exit(0))
process.send?.({ url })
