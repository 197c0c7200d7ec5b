import { MESSAGE_MILLISECONDS, SWEEP_MARGIN_MILLISECONDS, TOMBSTONE_MILLISECONDS } from '../../record.ts'

/** Lua: how credentials and sessions end, and who is told. Each end removes before it writes, so that it works in a Redis that is full. */
export const ENDS = String.raw`
local TOMBSTONE = ${TOMBSTONE_MILLISECONDS}
local MESSAGE = ${MESSAGE_MILLISECONDS}
-- Clocks differ by less than this.
local CLOCKS = ${SWEEP_MARGIN_MILLISECONDS}

local told = {}
local function tell(id) if told[#told] ~= id then told[#told + 1] = id end end

-- Tells the other processes whose sessions have ended. The numbers show who missed something; of many ends it is told that there were some.
local function announce()
  if #told > 100 then told = { '' } end
  for _, id in ipairs(told) do
    call('PUBLISH', app .. 'ends', digits(call('INCR', app .. 'announced')) .. ' ' .. id)
  end
end

local function graveText(grave)
  return table.concat({ grave.reason, digits(grave.endedAt), digits(grave.keepUntil), grave.successor, grave.message }, '\n')
end

local function graveOf(text)
  local reason, endedAt, keepUntil, successor, message = string.match(text, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)$')
  return {
    reason = reason, endedAt = tonumber(endedAt), keepUntil = tonumber(keepUntil), successor = successor, message = message,
  }
end

local function leaveMessage(id, hash)
  call('SET', app .. 'message:' .. hash, id, 'PX', MESSAGE + CLOCKS)
end

local function dropOTP(id, hash)
  call('HDEL', sessionKey(id), 'c' .. hash)
  call('DEL', app .. 'otp:' .. hash)
  call('ZREM', app .. 'otps', id .. ':' .. hash)
end

-- Ends one credential; a device's hash is remembered for a while.
local function bury(id, c, reason, now, message, successor)
  if c.kind == 'otp' then return dropOTP(id, c.hash) end
  call('HDEL', sessionKey(id), 'c' .. c.hash)
  local text = message or ''
  call('HSET', sessionKey(id), 't' .. c.hash, graveText({
    reason = reason, endedAt = now, keepUntil = now + (text == '' and TOMBSTONE or MESSAGE),
    successor = successor or '', message = text,
  }))
  if text ~= '' then leaveMessage(id, c.hash) end
  tell(id)
end

-- A session of long life whose devices come and go does not grow.
local function forgetGraves(id, now)
  if call('HLEN', sessionKey(id)) < 40 then return end
  for _, hash in ipairs(fieldsOf(id, 't')) do
    if graveOf(call('HGET', sessionKey(id), 't' .. hash)).keepUntil <= now then call('HDEL', sessionKey(id), 't' .. hash) end
  end
end

local function endedLine(id, r, reason)
  return table.concat({ id, r.kind, r.userName, r.userId, reason }, '\n')
end

-- Takes a record away; its tombstones stay.
local function removeRecord(id, r, message)
  local key = sessionKey(id)
  call('HDEL', key, 'r', 's')
  forget(id)
  if r.userId ~= 'null' then call('ZREM', userSet(r.userId), id) end
  call('PEXPIRE', key, ((message or '') == '' and TOMBSTONE or MESSAGE) + CLOCKS)
end

local function endSession(id, r, reason, now, message)
  for _, c in ipairs(credentialsOf(id)) do bury(id, c, reason, now, message) end
  removeRecord(id, r, message)
  tell(id)
  return endedLine(id, r, reason)
end
`
