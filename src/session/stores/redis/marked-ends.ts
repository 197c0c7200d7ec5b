import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { type EndedSession, MESSAGE_MILLISECONDS, markNothingWritten, TOMBSTONE_MILLISECONDS } from '../../record.ts'
import type { CallOf, Found } from '../../store.ts'
import { countDown, withinDeadline } from '../shared/deadline.ts'
import { type PerApp, perApp } from '../shared/per-app.ts'
import { type RunScript, type SendCommand, scriptRunner } from './client.ts'
import { endedCredentialFrom, endedFrom } from './lines.ts'
import { script } from './script.ts'

/** `endMany` without a user ends more sessions than this number by a mark. One step takes about 20 ms. */
export const STEP_SESSIONS = 250
// If the steps of another process have stood still for this time, the process has probably stopped.
const STANDSTILL_MILLISECONDS = 1000
const PAUSE_MILLISECONDS = 25
const MOST_UNREPORTED = 1_000_000

// The key `mark` describes an endMany that takes several steps. In the state `preparing`, each session that the endMany
// will end gets the token of the mark in its field `e`. In the state `ended`, all these sessions have ended. The
// following steps delete their records, and then the mark.
const MARK = script(`
if call('EXISTS', app .. 'mark') == 1 then return '0' end
call('DEL', app .. 'mark')
call('HSET', app .. 'mark', 'token', ARGV[1], 'state', 'preparing', 'kind', ARGV[2], 'except', ARGV[3], 'reason', ARGV[4],
  'now', ARGV[5], 'message', ARGV[6], 'cursor', '0', 'steps', '0')
call('PEXPIRE', app .. 'mark', UNUSED)
return '1'
`)

/**
 * Returns '1' after the last step and '0' before, followed by the sessions that this step has ended. A process that
 * continues the steps of another process leaves these sessions in the key `unreported`, from which any sweep takes them.
 */
const STEP = script(`
local token, continues = ARGV[1], ARGV[2] == '1'
local mark = call('HMGET', app .. 'mark', 'token', 'state', 'kind', 'except', 'reason', 'now', 'message', 'cursor')
if mark[1] ~= token then return { '1' } end
local state, kind, exceptId, reason, now, message = mark[2], mark[3], mark[4], mark[5], tonumber(mark[6]), mark[7]

local function prepare(id)
  local r = id ~= exceptId and readRecord(id)
  local isOfKind = kind == '' or r and kind == (r.isDamaged and (call('ZSCORE', app .. 'rest', id) and 'rest' or 'web') or r.kind)
  if r and isOfKind and (r.isDamaged or isLive(r, now)) then call('HSET', sessionKey(id), 'e', token) end
end

local ended, unindexed = { '0' }, {}
local function finish(id)
  local found = call('HMGET', sessionKey(id), 'r', 'e')
  local r = found[2] == token and found[1] and recordOf(found[1])
  if r and (r.startTime or r.isDamaged) then
    ended[#ended + 1] = closeSession(id, r, reason, now, message)
    unindexed[#unindexed + 1] = id
    if r.userId ~= 'null' then call('ZREM', userSet(r.userId), id) end
  end
end

-- A script may write to a full Redis if its first write deletes something.
call('HDEL', app .. 'mark', 'cursor')
local scanned = call('ZSCAN', app .. 'end', mark[8] or '0', 'COUNT', ${STEP_SESSIONS})
for n = 1, #scanned[2], 2 do
  if state == 'preparing' then prepare(scanned[2][n]) else finish(scanned[2][n]) end
end
unindex(unindexed)
call('HSET', app .. 'mark', 'cursor', scanned[1])
call('HINCRBY', app .. 'mark', 'steps', 1)
if scanned[1] == '0' and state == 'preparing' then
  call('HSET', app .. 'mark', 'state', 'ended')
  endedIds = { '' }
  sendNotifications()
elseif scanned[1] == '0' then
  call('DEL', app .. 'mark')
  ended[1] = '1'
end
if not continues then return ended end
for n = 2, #ended do call('RPUSH', app .. 'unreported', ended[n]) end
call('PEXPIRE', app .. 'unreported', UNUSED)
return { ended[1] }
`)

interface MarkedEnds {
  endAll(call: CallOf<'endMany'>): Promise<EndedSession[]>
  /**
   * Returns a function that runs a script within this time. If the script needs the indexes without marked sessions, it
   * first waits for the end of the steps.
   */
  runWithin(milliseconds: number): RunScript
  /** Waits until the application has no mark. Continues the steps of a process that has stopped. */
  settle(app: string): Promise<void>
  /** Returns the sessions whose end no call has returned, once. */
  takeUnreported(app: string): Promise<EndedSession[]>
  /** Returns the end of a session with this token. Returns 'live' if it has not ended, and 'over' after the last step. */
  endOf(app: string, token: string, now: number): Promise<Found | 'live' | 'over' | undefined>
}

interface Connected {
  sender: (milliseconds: number) => SendCommand
  keyPrefix: (app: string) => string
  deadlineMilliseconds: number
}

export function markedEnds({ sender, keyPrefix, deadlineMilliseconds }: Connected): MarkedEnds {
  const send = sender(deadlineMilliseconds)
  const run = scriptRunner(sender, keyPrefix, deadlineMilliseconds)
  /** The sessions of calls that failed after some steps. */
  const unreported: PerApp<EndedSession[]> = perApp(() => [])
  const waits = new Map<string, Promise<void>>()
  const markOf = async (app: string, ...fields: string[]) =>
    (await send('HMGET', `${keyPrefix(app)}:mark`, ...fields)) as (string | null)[]

  const goOn = async (app: string, token: string) => ((await run(STEP, app, token, 1)) as string[])[0] !== '1'

  async function waitForSteps(app: string): Promise<void> {
    let [before, since] = ['', performance.now()]
    for (;;) {
      const [token, steps] = await markOf(app, 'token', 'steps')
      if (token == null) return
      const state = `${token} ${steps}`
      if (state === before && performance.now() - since >= STANDSTILL_MILLISECONDS) while (await goOn(app, token));
      else if (state === before) await pause(PAUSE_MILLISECONDS, undefined, { ref: false })
      else [before, since] = [state, performance.now()]
    }
  }

  /** All callers share one wait, which goes on after the deadlines of the callers. */
  function settle(app: string): Promise<void> {
    const wait = waits.get(app) ?? waitForSteps(app).finally(() => waits.delete(app))
    waits.set(app, wait)
    return wait
  }

  return {
    async endAll({ app, filter: { kind = '', exceptId = '' }, reason, message, now }) {
      const token = randomUUID()
      const text = message ? JSON.stringify(message) : ''
      while ((await run(MARK, app, token, kind, exceptId, reason, now, text)) !== '1') await settle(app)
      const ended: EndedSession[] = []
      try {
        for (let isOver = '0'; isOver !== '1'; ) {
          const [state = '', ...lines] = (await run(STEP, app, token, 0)) as string[]
          ended.push(...lines.map(endedFrom))
          isOver = state
        }
      } catch (error) {
        unreported(app).push(...ended)
        throw new Error('Redis failed while all sessions ended. A sweep ends and reports the rest.', { cause: error })
      }
      return ended
    },
    runWithin(milliseconds) {
      const runFirst = scriptRunner(sender, keyPrefix, milliseconds)
      return async (script, app, ...parameters) => {
        const left = countDown(milliseconds)
        for (let run = runFirst; ; run = scriptRunner(sender, keyPrefix, left())) {
          try {
            return await run(script, app, ...parameters)
          } catch (error) {
            if (!(error instanceof Error && /\bENDING\b/.test(error.message))) throw error
          }
          await withinDeadline(settle(app), left(), 'Redis').catch((error) => {
            throw markNothingWritten(error)
          })
        }
      }
    },
    settle,
    async takeUnreported(app) {
      const lines = (await send('LPOP', `${keyPrefix(app)}:unreported`, String(MOST_UNREPORTED))) as string[] | null
      return [...unreported(app).splice(0), ...(lines ?? []).map(endedFrom)]
    },
    async endOf(app, token, now) {
      const [current, state, reason, endedAt, message] = await markOf(app, 'token', 'state', 'reason', 'now', 'message')
      if (current !== token) return 'over'
      if (state !== 'ended') return 'live'
      const keepUntil = Number(endedAt) + (message ? MESSAGE_MILLISECONDS : TOMBSTONE_MILLISECONDS)
      return endedCredentialFrom([reason, endedAt, keepUntil, '', message].join('\n'), now)
    },
  }
}
