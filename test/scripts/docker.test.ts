import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import test from 'node:test'
import { promisify } from 'node:util'
import { projectRoot } from '../../src/config/project-root.ts'
import { Program, type Scope, temporaryFolder } from '../support/process.ts'
import { freePort } from '../support/servers/free-port.ts'
import { ownDatabase, ownName, postgresUrl, redisUrl } from '../support/servers/test-servers.ts'
import { Visitor } from '../support/visitor.ts'

const NOBODY = 65534
// compose.yaml has no `stop_grace_period`, and this is the default of Docker.
const GRACE_MILLISECONDS = 10_000
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

if (postgresUrl && redisUrl)
  test('[BOX-1] with the settings of compose.yaml the demo serves from PostgreSQL and Redis, and every health check passes', async (t) => {
    const compose = readFileSync(join(projectRoot(), 'docker', 'compose.yaml'), 'utf8')
    const postgres = new URL(await ownDatabase(t))
    const redis = new URL(redisUrl ?? '')
    const settings = environmentOf(compose, 'crm')
    const database = new URL(settings.DATABASE_URL ?? '')
    const owner = environmentOf(compose, 'postgres')
    assert.deepEqual(
      [database.hostname, database.username, database.password, database.pathname],
      ['postgres', owner.POSTGRES_USER, owner.POSTGRES_PASSWORD, `/${owner.POSTGRES_DB}`],
    )
    assert.equal(settings.SESSION_STORE, 'redis://redis:6379')
    for (const [service, host, ready] of [
      ['postgres', ['--host', postgres.hostname, '--port', postgres.port], /accepting connections/],
      ['redis', ['-h', redis.hostname, '-p', redis.port], /PONG/],
    ] as const) {
      const [kind, program = '', ...args] = healthCheckOf(compose, service)
      assert.equal(kind, 'CMD')
      assert.match((await promisify(execFile)(program, [...host, ...args])).stdout, ready)
    }

    const [port, platformPort] = [String(await freePort()), String(await freePort())]
    const server = new Program(t, {
      cwd: temporaryFolder(t),
      env: {
        NODE_ENV: 'production',
        HOST: '0.0.0.0',
        ...settings,
        PORT: port,
        PLATFORM_PORT: platformPort,
        PUBLIC_URL: `http://localhost:${port}`,
        APP_NAME: ownName(),
        DATABASE_URL: postgres.href,
        SESSION_STORE: redis.href,
      },
    })
    await server.printed(/http:\/\/localhost/)
    const visitor = new Visitor(`http://localhost:${port}`)
    assert.equal((await visitor.get('/readyz')).status, 200)
    await visitor.logInWell(4)
    assert.equal((await visitor.get('/customers')).status, 200)
    await fetch(`http://127.0.0.1:${platformPort}`)
    const start = performance.now()
    await server.stop()
    assert.ok(performance.now() - start < GRACE_MILLISECONDS)
  })

function environmentOf(compose: string, service: string): Record<string, string> {
  const [, block = ''] = /^ {4}environment:\n((?: {6}.*\n)+)/m.exec(serviceOf(compose, service)) ?? []
  const lines = [...block.matchAll(/^ {6}(\w+): "?(.*?)"?$/gm)]
  return Object.fromEntries(lines.map(([, name, value = '']) => [name, value.replaceAll(/\$\{\w+:-(.*?)\}/g, '$1')]))
}

function healthCheckOf(compose: string, service: string): string[] {
  const [, list = ''] = /^ {6}test: \[(.*)\]$/m.exec(serviceOf(compose, service)) ?? []
  return list.split(', ')
}

function serviceOf(compose: string, service: string): string {
  return new RegExp(`^  ${service}:\\n((?: {4}.*\\n|\\n)+)`, 'm').exec(compose)?.[1] ?? ''
}

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
