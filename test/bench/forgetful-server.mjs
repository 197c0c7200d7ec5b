// A server of the benchmark that answers every request with status 200, and has the fault that `kind` names.
import { createServer } from 'node:http'
import { contentOf, shownOf } from '../../bench/servers/content.ts'

const { kind } = JSON.parse(process.argv[2])
const sessions = new Map()
const shown = new Map()
let made = 0
let asked = 0

const server = createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  const session = pages[pathname](request.headers.cookie, response, searchParams)
  const body = shownOf(session)
  response.setHeader('Content-Length', body.length)
  response.end(body)
})
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }))
process.on('message', () => process.send(process.cpuUsage()))

const pages = {
  '/login': (_, response, query) => begin(response, contentOf(Object.fromEntries(query))),
  '/read': (cookie, response) => find(cookie, response),
  '/write': (cookie, response) => {
    const session = find(cookie, response)
    if (kind === 'loses a write' && ++asked === 20) return { ...session, visits: session.visits + 1 }
    if (kind === 'stores no write') return shownOnly(cookie, session)
    session.visits++
    return session
  },
  '/visit': (_, response) => (kind === 'stores no new visitor' ? cookie(response, {}) : begin(response, {})),
}

function shownOnly(cookie, session) {
  const visits = (shown.get(cookie) ?? session.visits) + 1
  shown.set(cookie, visits)
  return { ...session, visits }
}

function begin(response, session) {
  const copy = { visits: 0, ...session }
  sessions.set(cookie(response), copy)
  return copy
}

function cookie(response, answer) {
  const value = `id=${kind === 'gives one cookie to all' ? 1 : ++made}`
  response.setHeader('Set-Cookie', value)
  return answer ?? value
}

function find(cookie, response) {
  if (kind === 'forgets all sessions' && ++asked === 20) sessions.clear()
  if (kind === 'mixes up its visitors' && ++asked > 20) return sessions.values().next().value
  return sessions.get(cookie) ?? begin(response, {})
}
