import { MESSAGE_MILLISECONDS, NEVER, SWEEP_MARGIN_MILLISECONDS, TOMBSTONE_MILLISECONDS } from '../../record.ts'

/**
 * Lua: where a session lies, and how it is read and written. A session is one hash: `r` its record, `s` its storage, `c<hash>` a
 * credential, `t<hash>` what is remembered of a credential that ended. The lines are those of `lines.ts`.
 */
export const RECORDS = String.raw`
local app = KEYS[1] .. ':'

local call = redis.call
local function sessionKey(id) return app .. 's:' .. id end

-- All digits: Lua itself would write a large number in short.
local function digits(number) return number and string.format('%.0f', number) or '' end

local RECORD = '^([^\n]*)' .. string.rep('\n([^\n]*)', 11) .. '$'

local function recordOf(text)
  local version, writeId, ends, startTime, lastAccessTime, kind, userName, userId, grants, idle, absoluteEnd, serial =
    string.match(text, RECORD)
  return {
    kind = kind, userName = userName, userId = userId, grants = grants,
    startTime = tonumber(startTime), lastAccessTime = tonumber(lastAccessTime),
    idle = tonumber(idle), absoluteEnd = tonumber(absoluteEnd), ends = tonumber(ends),
    version = tonumber(version), writeId = writeId, serial = tonumber(serial),
  }
end

local function readRecord(id)
  local text = call('HGET', sessionKey(id), 'r')
  return text and recordOf(text) or nil
end

local function writeRecord(id, r)
  call('HSET', sessionKey(id), 'r', table.concat({
    digits(r.version), r.writeId, digits(r.ends), digits(r.startTime), digits(r.lastAccessTime),
    r.kind, r.userName, r.userId, r.grants, digits(r.idle), digits(r.absoluteEnd), digits(r.serial),
  }, '\n'))
end

local function isLive(r, now) return r.startTime ~= nil and now < r.ends end
local function isGuest(r) return r.grants == '""' and r.userId == 'null' end

-- Whether a record is live and the caller's credential (if there is a caller) still good.
local function holds(id, r, by, now)
  return r and isLive(r, now) and (by == '' or call('HEXISTS', sessionKey(id), 'c' .. by) == 1)
end

local function holding(id, by, now)
  local r = readRecord(id)
  return holds(id, r, by, now) and r or nil
end

-- Redis removes by itself what nobody swept: never before its end, and long after it.
local NEVER = ${NEVER}
local MARGIN = 3600000

local function keepUntil(key, ends, now)
  if ends >= NEVER then call('PERSIST', key)
  else call('PEXPIRE', key, digits(math.max(ends - now, 0) + MARGIN)) end
end
`

/** Lua: the credentials of a session. */
export const CREDENTIALS = String.raw`
local CREDENTIAL = '^([^\n]*)' .. string.rep('\n([^\n]*)', 10) .. '$'

local function credentialOf(hash, text)
  local handle, kind, via, createdAt, lastSeenAt, authenticatedAt, expiresAt, device, address, purpose, details =
    string.match(text, CREDENTIAL)
  return {
    hash = hash, handle = handle, kind = kind, via = via, createdAt = tonumber(createdAt),
    lastSeenAt = tonumber(lastSeenAt), authenticatedAt = tonumber(authenticatedAt), expiresAt = tonumber(expiresAt),
    device = device, address = address, purpose = purpose, details = details,
  }
end

local function readCredential(id, hash)
  local text = call('HGET', sessionKey(id), 'c' .. hash)
  return text and credentialOf(hash, text) or nil
end

local function writeCredential(id, c)
  call('HSET', sessionKey(id), 'c' .. c.hash, table.concat({
    c.handle, c.kind, c.via, digits(c.createdAt), digits(c.lastSeenAt), digits(c.authenticatedAt),
    digits(c.expiresAt), c.device, c.address, c.purpose, c.details,
  }, '\n'))
end

-- The fields of a session that begin with this letter, without it.
local function fieldsOf(id, letter)
  local names = {}
  for _, field in ipairs(call('HKEYS', sessionKey(id))) do
    if string.sub(field, 1, 1) == letter and #field > 1 then names[#names + 1] = string.sub(field, 2) end
  end
  return names
end

local function credentialsOf(id)
  local found = {}
  for _, hash in ipairs(fieldsOf(id, 'c')) do found[#found + 1] = readCredential(id, hash) end
  return found
end
`

/**
 * Lua: the sets by which sessions are listed, counted and limited, each in an order. `created`, `seen` and `end` hold every
 * record. Exactly one of `guests` (in the order of creation), `users` and `invalidated` does; `rest`, `link` and `token` hold those of that kind, or with a
 * device that came like this, and `user:<id>` those of one user: all by their end, so that counting leaves out what is over.
 */
export const INDEXES = `
local SETS = { 'created', 'seen', 'end', 'guests', 'users', 'invalidated', 'rest', 'link', 'token' }

local function userSet(userId) return app .. 'user:' .. userId end

local function classOf(r)
  if not r.startTime then return 'invalidated' end
  return isGuest(r) and 'guests' or 'users'
end

local function placeOfUser(id, r, now)
  local set = userSet(r.userId)
  call('ZADD', set, r.ends, id)
  if r.ends >= NEVER or call('ZCARD', set) == 1 then keepUntil(set, r.ends, now)
  else call('PEXPIRE', set, digits(math.max(r.ends - now, 0) + MARGIN), 'GT') end
end

-- Puts a session where its record belongs. "before" is the record as it was, if there was one.
local function place(id, r, before, now)
  local class = classOf(r)
  if before and classOf(before) ~= class then call('ZREM', app .. classOf(before), id) end
  if before and before.userId ~= r.userId and before.userId ~= 'null' then call('ZREM', userSet(before.userId), id) end
  call('ZADD', app .. 'created', r.startTime or 0, id)
  call('ZADD', app .. 'seen', r.lastAccessTime or 0, id)
  call('ZADD', app .. 'end', r.ends, id)
  call('ZADD', app .. class, class == 'guests' and r.serial or r.ends, id)
  if r.kind == 'rest' then call('ZADD', app .. 'rest', r.ends, id) end
  if r.userId ~= 'null' then placeOfUser(id, r, now) end
  if before then
    call('ZADD', app .. 'link', 'XX', r.ends, id)
    call('ZADD', app .. 'token', 'XX', r.ends, id)
  end
  keepUntil(sessionKey(id), r.ends, now)
end

-- Notes by which ways the devices of a session came, as far as these are asked for.
local function noteWays(id, r, credentials)
  for _, way in ipairs({ 'link', 'token' }) do
    local came = false
    for _, c in ipairs(credentials) do came = came or (c.via == way and c.kind ~= 'otp') end
    if came then call('ZADD', app .. way, r.ends, id) else call('ZREM', app .. way, id) end
  end
end

local function forget(id)
  for _, set in ipairs(SETS) do call('ZREM', app .. set, id) end
end

-- So many sessions are looked at to find out whether they are still there.
local LOOK = 100

local function forgetGone(ids, set)
  local gone = 0
  for _, id in ipairs(ids) do
    if call('HEXISTS', sessionKey(id), 'r') == 0 then
      forget(id)
      call('ZREM', set, id)
      gone = gone + 1
    end
  end
  return gone
end

-- Forgets sessions that Redis itself removed, or somebody behind our back: those that ended first, and a sample of all in this set.
local function heal(set, now)
  local first = call('ZRANGEBYSCORE', app .. 'end', '-inf', digits(now), 'LIMIT', 0, LOOK)
  return forgetGone(first, set) + forgetGone(call('ZRANDMEMBER', set, LOOK), set)
end
`

/** Lua: ceilings, each checked by the step that could break it. An absent one is nil. */
export const LIMITS = `
-- What lists count may be gone: that is found out before anybody is refused.
local function isFull(r, sessions, guests, now)
  local function full()
    if sessions and call('ZCARD', app .. 'end') >= sessions then return true end
    return guests ~= nil and isGuest(r) and call('ZCARD', app .. 'guests') >= guests
  end
  return full() and (heal(app .. 'end', now) == 0 or full())
end

local function cameFirst(a, b)
  if a.r.startTime ~= b.r.startTime then return a.r.startTime < b.r.startTime end
  return a.r.serial < b.r.serial
end

-- The user's sessions beyond the limit, oldest first; never the one that just came, and no API token's.
local function endOldest(id, r, perUser, now)
  local ended = {}
  if not perUser or r.userId == 'null' then return ended end
  local others = {}
  for _, other in ipairs(call('ZRANGEBYSCORE', userSet(r.userId), '(' .. digits(now), '+inf')) do
    local record = other ~= id and readRecord(other)
    if record == nil then call('ZREM', userSet(r.userId), other) end
    if record and isLive(record, now) and not call('ZSCORE', app .. 'token', other) then
      others[#others + 1] = { id = other, r = record }
    end
  end
  table.sort(others, cameFirst)
  for n = 1, math.min(#others, #others + 1 - perUser) do
    ended[#ended + 1] = endSession(others[n].id, others[n].r, 'limit', now)
  end
  return ended
end
`

/** Lua: how a credential comes to a session, and which ones have to go for it. */
export const ADDING = `
local function seenFirst(a, b)
  local x, y = a.lastSeenAt or a.createdAt, b.lastSeenAt or b.createdAt
  if x ~= y then return x < y end
  if a.createdAt ~= b.createdAt then return a.createdAt < b.createdAt end
  return a.hash < b.hash
end

-- OTPs of its purpose; beyond the caps devices that were seen longest ago, or the oldest OTPs; never the caller's.
local function evictedBy(added, present, by, devices, otps)
  local isOTP = added.kind == 'otp'
  local cap = devices
  if isOTP then cap = otps end
  local evicted, rivals = {}, {}
  for _, c in ipairs(present) do
    if added.purpose ~= 'null' and c.purpose == added.purpose then evicted[#evicted + 1] = c
    elseif (c.kind == 'otp') == isOTP and c.hash ~= by then rivals[#rivals + 1] = c end
  end
  if not cap then return evicted end
  table.sort(rivals, seenFirst)
  local kept = (by ~= '' and not isOTP) and 1 or 0
  for n = 1, #rivals + kept + 1 - cap do evicted[#evicted + 1] = rivals[n] end
  return evicted
end

local function addCredential(id, c, now)
  writeCredential(id, c)
  if c.kind ~= 'otp' then return end
  call('SET', app .. 'otp:' .. c.hash, id)
  keepUntil(app .. 'otp:' .. c.hash, c.expiresAt, now)
  call('ZADD', app .. 'otps', c.expiresAt, id .. ':' .. c.hash)
end

local function addWithin(id, r, c, by, devices, otps, now)
  for _, rival in ipairs(evictedBy(c, credentialsOf(id), by, devices, otps)) do bury(id, rival, 'limit', now) end
  addCredential(id, c, now)
  noteWays(id, r, credentialsOf(id))
  forgetGraves(id, now)
end
`

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
