import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { Browser } from '../src/session/testing/adapter/client.ts'

interface Running {
  url: string
  close(): Promise<void>
}

/** Starts a program in the folder of an example. Resolves with the URL that the program prints. */
export async function startProgram(
  folder: string,
  command: string,
  args: readonly string[] = [],
  settings = {},
): Promise<Running> {
  const options = { cwd: folder, env: { ...process.env, PORT: '0', NO_COLOR: '1', ...settings } }
  const program = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  try {
    return { url: await printedUrl(program), close: () => stop(program) }
  } catch (error) {
    await stop(program)
    throw error
  }
}

const FORMS = { login: '/login', count: '/count', logout: '/logout' }

/**
 * Registers a test that plays one conversation with an example: log in, count, log out.
 * @param forms the paths to which the forms of the example are sent.
 */
export function proveExample(name: string, start: () => Promise<Running>, forms = FORMS): void {
  test(`[ADAPT-17] the example for ${name}: a guest logs in, counts and logs out`, { timeout: 60_000 }, async (t) => {
    const { url, close } = await start()
    t.after(close)
    const browser = new Browser(url)
    const refused = await browser.get('/account')
    assert.equal(refused.headers.location, '/login?next=%2Faccount')
    const wrong = await browser.post(forms.login, { form: { userName: 'Ana', password: 'wrong', next: '/account' } })
    assert.deepEqual([wrong.status, wrong.setCookies], [422, []])
    const login = await browser.post(forms.login, { form: { userName: 'Ana', password: 'demo', next: '/account' } })
    assert.deepEqual([login.status, login.headers.location, login.setCookies.length], [303, '/account', 1])
    assert.match((await browser.get('/account')).text, /the account of (<!-- -->)?Ana/)
    for (let count = 0; count < 2; count++) assert.equal((await browser.post(forms.count)).headers.location, '/')
    const foreign = await browser.post(forms.count, { headers: { 'Sec-Fetch-Site': 'cross-site' } })
    assert.equal(foreign.status, 403)
    const page = await browser.get('/')
    assert.match(page.text, /Ana(<!-- -->)? counted to <b>2<\/b>/)
    assert.match(String(page.headers['cache-control']), /no-store/)
    const cookie = browser.cookieHeader
    assert.equal((await browser.post(forms.logout)).headers.location, '/')
    const late = await browser.get('/account', { headers: { Cookie: cookie } })
    assert.equal(late.headers.location, '/login?next=%2Faccount')
  })
}

function printedUrl(program: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let printed = ''
    const read = (chunk: Buffer) => {
      printed += chunk
      const [url] = /http:\/\/[\w.]+:\d+/.exec(printed) ?? []
      if (url) resolve(url.replace('localhost', '127.0.0.1'))
    }
    program.stdout?.on('data', read)
    program.stderr?.on('data', read)
    program.once('error', reject)
    program.once('exit', (code) => reject(new Error(`The program stopped with code ${code}.\n${printed}`)))
  })
}

async function stop(program: ChildProcess): Promise<void> {
  if (program.exitCode !== null || program.signalCode !== null || program.pid === undefined) return
  const stopped = once(program, 'exit')
  program.kill()
  await stopped
}
