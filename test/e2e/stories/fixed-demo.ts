import crypto, { createHash } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { projectRoot } from '../../../src/config/project-root.ts'
import { type RunningServer, startServer } from '../../../src/process/server.ts'
import { newHandle } from '../../../src/session/core/credentials/token.ts'
import { type Clock, systemClock } from '../../../src/session/index.ts'

const { randomBytes, randomFillSync } = crypto
const realTime = Date.now
const OWN_NAME = basename(import.meta.filename)
const SOURCES = join(projectRoot(), 'src')

const NOW = Date.UTC(2026, 0, 5, 9)
export const PORT = '8044'

/** The time stands still, and timers run. */
const FIXED_CLOCK: Clock = { ...systemClock, now: () => NOW }

/** A demo that shows the same in each run: the same times, IDs, tokens and addresses. */
export async function startFixedDemo(seed: string): Promise<RunningServer> {
  fixTimeAndRandomValues(seed)
  const folder = mkdtempSync(join(tmpdir(), 'crm-pictures-'))
  const env = { DATABASE_URL: `sqlite:${join(folder, 'crm.sqlite')}`, PORT, BCRYPT_COST: '4', LOG_LEVEL: 'error' }
  const server = await startServer({ env, clock: FIXED_CLOCK })
  return {
    ...server,
    async stop() {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Fixes the time of the demo, and its random values: they depend only on the seed, the source file and the order. */
export function fixTimeAndRandomValues(seed: string): void {
  const calls = new Map<string, number>()
  const next = (length: number): Buffer | undefined => {
    const file = sourceOfCaller()
    if (file === undefined) return undefined
    const call = (calls.get(file) ?? 0) + 1
    calls.set(file, call)
    return createHash('shake256', { outputLength: length }).update(`${seed} ${file} ${call}`).digest()
  }
  Object.assign(crypto, {
    randomBytes: (length: number, ...rest: []) => next(length) ?? randomBytes(length, ...rest),
    randomFillSync: (buffer: Buffer, ...rest: []) =>
      next(buffer.length)?.copy(buffer) ? buffer : randomFillSync(buffer, ...rest),
  })
  syncBuiltinESMExports()
  Date.now = () => (sourceOfCaller() === undefined ? realTime() : NOW)
  // The session layer keeps random bytes in stock. Those of an earlier seed are used up first.
  while (calls.size === 0) newHandle()
}

/** The file that called a replaced function, if it is a source file of the demo. Playwright calls these functions too. */
function sourceOfCaller(): string | undefined {
  const [caller = ''] = (new Error().stack ?? '')
    .split('\n')
    .filter((line) => /^ +at /.test(line) && !line.includes(OWN_NAME))
  const [, file] = caller.split(SOURCES)
  return file?.replace(/:.*/, '')
}
