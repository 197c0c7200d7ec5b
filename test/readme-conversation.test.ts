import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../src/config/project-root.ts'
import { startDemo } from './support/demo.ts'
import { Terminal } from './support/terminal.ts'

interface Exchange {
  command: string
  printed: string
}

test('[BEARER-6] the API conversation in docs/rest-api.md runs as printed', async (t) => {
  const conversation = readConversation()
  assert.ok(conversation.length >= 8, 'the page shows a whole conversation')
  assert.ok(conversation.some(({ command }) => command.includes('/api/signout')))
  const demo = await startDemo(t)
  const terminal = new Terminal(t)
  let token = ''
  for (const { command, printed } of conversation) {
    const typed = command.replaceAll('http://localhost:8044', demo.url).replace(/^TOKEN=crm_…$/, `TOKEN=${token}`)
    assert.doesNotMatch(typed, /…|localhost:8044/, 'nothing is left to guess in a command')
    const answer = await terminal.type(typed)
    assert.match(answer, patternOf(printed), `${command}\nprinted\n${answer}\nand the page says\n${printed}`)
    token = /crm_[\w.-]+/.exec(answer)?.[0] ?? token
  }
})

/** The commands in the page's terminal block, which follow `$ `, and their outputs. */
function readConversation(): Exchange[] {
  const page = readFileSync(join(projectRoot(), 'docs', 'rest-api.md'), 'utf8')
  const [, block = ''] = /```console\n([\s\S]*?)```/.exec(page) ?? []
  return block
    .split(/^\$ /m)
    .slice(1)
    .map((lines) => {
      const [command = '', ...printed] = lines.trimEnd().split('\n')
      return { command, printed: printed.join('\n') }
    })
}

/** In an expected output, `…` matches any text on one line, such as a token. */
function patternOf(printed: string): RegExp {
  return new RegExp(`^${printed.split('…').map(escaped).join('.+')}$`)
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}
