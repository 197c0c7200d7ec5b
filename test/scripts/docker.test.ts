import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { delimiter, dirname, join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'
import { readConfig } from '../../src/config/config.ts'
import { projectRoot } from '../../src/config/project-root.ts'
import { Program, type Scope, temporaryFolder } from '../support/process.ts'

const NOBODY = 65534
const isRoot = process.getuid?.() === 0
const PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`

interface Image {
  root: string
  workdir: string
  env: Record<string, string>
  user: string
  command: string[]
  healthCheck: string[]
}

test('[BOX-1] the commands of the Dockerfile run a server without rights in a read-only folder, and stop it', async (t) => {
  const image = buildImage(t, join(projectRoot(), 'docker', 'Dockerfile'))
  assert.equal(image.user, 'node')
  const app = join(image.root, image.workdir)
  execFileSync('chmod', ['-R', 'a-w', app])
  const before = readdirSync(app, { recursive: true })
  const env = {
    ...image.env,
    PATH,
    PORT: String(await freePort()),
    PUBLIC_URL: 'http://localhost:8044',
    SMTP_URL: 'smtp://localhost',
  }
  const [node, entry = ''] = image.command
  assert.equal(node, 'node')
  const user = isRoot ? { uid: NOBODY, gid: NOBODY } : {}
  const server = new Program(t, { entry: join(app, entry), cwd: app, env, ...user })
  await server.printed(new RegExp(`"listening":"http://0\\.0\\.0\\.0:${env.PORT}"`))

  const [program = '', ...args] = image.healthCheck
  await promisify(execFile)(program, args, { env })
  await server.stop()
  await assert.rejects(promisify(execFile)(program, args, { env }))
  assert.deepEqual(readdirSync(app, { recursive: true }), before)
  assert.ok(readdirSync(join(image.root, 'data')).includes('crm.sqlite'))
})

test('[BOX-1] the settings of compose.yaml are valid', () => {
  const text = readFileSync(join(projectRoot(), 'docker', 'compose.yaml'), 'utf8')
  const [, block = ''] = /^ {4}environment:\n((?: {6}.*\n)+)/m.exec(text) ?? []
  const lines = [...block.matchAll(/^ {6}(\w+): "?(.*?)"?$/gm)]
  const config = readConfig(Object.fromEntries(lines.map(([, name, value]) => [name, value])))
  const { profile, webConcurrency, platformHost, sessionStore, database } = config
  assert.deepEqual(
    { profile, webConcurrency, platformHost, stores: [sessionStore.kind, database.kind] },
    { profile: 'demo', webConcurrency: 2, platformHost: '0.0.0.0', stores: ['redis', 'postgres'] },
  )
})

/** Carries out the instructions of the Dockerfile in folders of this machine, one for each stage. */
function buildImage(scope: Scope, dockerfile: string): Image {
  const stages = new Map<string, Image>()
  let image: Image | undefined
  for (const [instruction, rest] of instructionsOf(readFileSync(dockerfile, 'utf8'))) {
    if (instruction === 'FROM') {
      const root = temporaryFolder(scope)
      chmodSync(root, 0o755)
      image = { root, workdir: '/', env: {}, user: 'root', command: [], healthCheck: [] }
      stages.set(/ AS (\S+)$/.exec(rest)?.[1] ?? '', image)
      continue
    }
    assert.ok(image, 'the first instruction is FROM')
    apply(image, stages, instruction, rest)
  }
  assert.ok(image)
  return image
}

function apply(image: Image, stages: Map<string, Image>, instruction: string, rest: string): void {
  const here = join(image.root, image.workdir)
  if (instruction === 'WORKDIR') {
    image.workdir = rest
    mkdirSync(join(image.root, rest), { recursive: true })
  } else if (instruction === 'COPY') {
    const [, stage, paths = ''] = /^(?:--from=(\S+) )?(.*)$/.exec(rest) ?? []
    const from = stage === undefined ? projectRoot() : String(stages.get(stage)?.root)
    const sources = paths.split(' ')
    const target = join(here, sources.pop() ?? '')
    for (const source of sources) copy(join(from, source), sources.length > 1 ? join(target, source) : target)
  } else if (instruction === 'RUN') {
    const own = rest
      .replaceAll(' /data', ` ${join(image.root, 'data')}`)
      .replace('chown node:node', isRoot ? `chown ${NOBODY}:${NOBODY}` : 'ls')
    execFileSync('sh', ['-c', own], {
      cwd: here,
      env: { ...process.env, PATH, npm_config_prefer_offline: 'true' },
      stdio: 'pipe',
    })
  } else if (instruction === 'ENV')
    for (const [, name = '', value = ''] of rest.matchAll(/(\w+)=(\S+)/g))
      image.env[name] = value.replace('sqlite:/data', `sqlite:${join(image.root, 'data')}`)
  else if (instruction === 'USER') image.user = rest
  else if (instruction === 'CMD') image.command = JSON.parse(rest)
  else if (instruction === 'HEALTHCHECK') image.healthCheck = JSON.parse(rest.slice(rest.indexOf(' CMD ') + 5))
  else assert.ok(['VOLUME', 'EXPOSE'].includes(instruction), instruction)
}

function copy(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !/\.sqlite(-\w+)?$/.test(path) })
}

function instructionsOf(text: string): [instruction: string, rest: string][] {
  const lines = text
    .replaceAll(/^#.*\n/gm, '')
    .replaceAll(/\s*\\\n\s*/g, ' ')
    .split('\n')
  return lines
    .filter((line) => line !== '')
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)])
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  assert.ok(typeof address === 'object' && address !== null)
  server.close()
  await once(server, 'close')
  return address.port
}
