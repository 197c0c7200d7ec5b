import { SWEEP_MARGIN_MILLISECONDS } from '../../record.ts'
import { ENDS } from './lua-ends.ts'
import { PLACES } from './lua-places.ts'
import { CREDENTIALS, RECORDS } from './lua-records.ts'
import { script } from './scripts.ts'

const PARTS = [RECORDS, CREDENTIALS, PLACES, ENDS]

/** Answers the session that was ended, or nothing. */
export const END = script(
  PARTS,
  `
local id, reason, now, by, unseen, message = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local r = holding(id, by, now)
if not r then return false end
if unseen == '1' then
  if (r.lastAccessTime or 0) > r.startTime then return false end
  for _, c in ipairs(credentialsOf(id)) do
    if c.lastSeenAt then return false end
  end
end
local ended = endSession(id, r, reason, now, message)
announce()
return ended
`,
)

/** '' asks for nothing in particular. Answers the sessions that were ended. */
export const END_MANY = script(
  PARTS,
  `
local userId, kind, exceptId, reason, now, message = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local set = app .. 'end'
if userId ~= '' then set = userSet(userId) elseif kind == 'rest' then set = app .. 'rest' end
local ended = {}
for _, id in ipairs(call('ZRANGEBYSCORE', set, '(' .. digits(now), '+inf')) do
  local r = readRecord(id)
  if not r then
    forget(id)
    call('ZREM', set, id)
  elseif isLive(r, now) and id ~= exceptId and (userId == '' or r.userId == userId) and (kind == '' or r.kind == kind) then
    ended[#ended + 1] = endSession(id, r, reason, now, message)
  end
end
announce()
return ended
`,
)

const REASON = `
-- Why a record whose time is over, or that was replaced, had ended.
local function reasonOf(r)
  if not r.startTime then return 'secured' end
  return r.ends >= r.absoluteEnd and 'absolute' or 'idle'
end
`

/** Answers what was removed, in whatever state it was, or nothing. */
export const REMOVE = script(
  [...PARTS, REASON],
  `
local id, now, message = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local r = readRecord(id)
if not r then return false end
local reason = isLive(r, now) and 'revoked' or reasonOf(r)
endSession(id, r, 'revoked', now, message)
if message ~= '' then
  for _, hash in ipairs(fieldsOf(id, 't')) do
    local grave = graveOf(call('HGET', sessionKey(id), 't' .. hash))
    grave.message, grave.keepUntil = message, now + MESSAGE
    call('HSET', sessionKey(id), 't' .. hash, graveText(grave))
    leaveMessage(id, hash)
  end
end
announce()
return endedLine(id, r, reason)
`,
)

/** Answers the message, as JSON, or nothing. */
export const TAKE_MESSAGE = script(
  PARTS,
  `
local hash, now = ARGV[1], tonumber(ARGV[2])
local id = call('GET', app .. 'message:' .. hash)
local text = id and call('HGET', sessionKey(id), 't' .. hash)
local grave = text and graveOf(text)
if not grave or grave.message == '' or now >= grave.keepUntil then return false end
local message = grave.message
grave.message = ''
call('DEL', app .. 'message:' .. hash)
call('HSET', sessionKey(id), 't' .. hash, graveText(grave))
return message
`,
)

/** Answers the sessions that were removed. Tombstones and messages go by themselves. */
export const SWEEP = script(
  [...PARTS, REASON],
  `
local now, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local over = digits(now - ${SWEEP_MARGIN_MILLISECONDS})

for _, member in ipairs(call('ZRANGEBYSCORE', app .. 'otps', '-inf', over, 'LIMIT', 0, limit)) do
  local id, hash = string.match(member, '^([^:]*):(.*)$')
  dropOTP(id, hash)
end

local ended, looked = {}, 0
repeat
  local ids = call('ZRANGEBYSCORE', app .. 'end', '-inf', over, 'LIMIT', 0, limit - #ended)
  for _, id in ipairs(ids) do
    local r = readRecord(id)
    if r then
      for _, hash in ipairs(fieldsOf(id, 'c')) do
        if call('ZREM', app .. 'otps', id .. ':' .. hash) == 1 then call('DEL', app .. 'otp:' .. hash) end
      end
      call('DEL', sessionKey(id))
      if r.userId ~= 'null' then call('ZREM', userSet(r.userId), id) end
      ended[#ended + 1] = endedLine(id, r, reasonOf(r))
    end
    forget(id)
  end
  looked = looked + #ids
until #ids == 0 or #ended == limit or looked > 2 * limit
return ended
`,
)
