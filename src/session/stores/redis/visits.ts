import { type Credential, isDamaged, isGuestRecord, NEVER, type SessionRecord } from '../../record.ts'
import { script } from './script.ts'

/** Whether a new session needs no index and no rule except those of all guests. */
export function isVisit(session: SessionRecord, { via, kind, details, expiresAt }: Credential): boolean {
  const isNewGuest = isGuestRecord(session) && session.kind === 'web' && session.startTime !== null
  return (
    isNewGuest && !isDamaged(session) && via === 'visit' && kind === 'cookie' && details === null && expiresAt === NEVER
  )
}

/**
 * Stores the visits of guests. Most new sessions are visits (see `isVisit`). Writes the same keys as `CREATE`. Returns
 * '1' for each visit, or '0' if `CREATE` must store or refuse each visit: an ID exists, an endMany runs, or the visits
 * would exceed a limit.
 */
export const CREATE_VISITS = script(
  String.raw`
local sessions, guests = tonumber(ARGV[1]), tonumber(ARGV[2])
local first, size = 3, 6
local count = (#ARGV - first + 1) / size
local keys, isGiven, answers, refused = {}, {}, {}, {}
local givesTwice = false
for n = 1, count do
  local key = sessionKey(ARGV[first + (n - 1) * size])
  givesTwice = givesTwice or isGiven[key]
  keys[n], isGiven[key], answers[n], refused[n] = key, true, '1', '0'
end
if givesTwice or call('EXISTS', app .. 'mark', unpack(keys)) > 0 then return refused end
if sessions and call('ZCARD', app .. 'end') + count > sessions then return refused end
if guests and call('ZCARD', app .. 'guests') + count > guests then return refused end

local serial = call('INCRBY', app .. 'serial', count) - count
local created, seen, ending, serials = {}, {}, {}, {}
local latest, latestNow = 0, 0
for n = 1, count do
  local id, text, storage, hash, credential, now = unpack(ARGV, first + (n - 1) * size, first + n * size - 1)
  local ends, startTime, lastAccessTime = string.match(text, '^[^\n]*\n[^\n]*\n([^\n]*)\n([^\n]*)\n([^\n]*)\n')
  local own = digits(serial + n)
  call('HSET', keys[n], 'r', text .. own, 's', storage, 'c' .. hash, credential)
  local member = 2 * n
  created[member - 1], seen[member - 1], ending[member - 1], serials[member - 1] = startTime, lastAccessTime, ends, own
  created[member], seen[member], ending[member], serials[member] = id, id, id, id
  ends, now = tonumber(ends), tonumber(now)
  keepUntil(keys[n], ends, now)
  if ends > latest then latest, latestNow = ends, now end
end
call('ZADD', app .. 'created', unpack(created))
call('ZADD', app .. 'seen', unpack(seen))
call('ZADD', app .. 'end', unpack(ending))
call('ZADD', app .. 'guests', unpack(serials))
keepIndexes('guests', latest, latestNow)
return answers
`,
)
