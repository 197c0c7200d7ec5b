import { MESSAGE_MILLISECONDS, NEVER, SWEEP_MARGIN_MILLISECONDS, TOMBSTONE_MILLISECONDS } from '../../record.ts'

// Lua patterns of one line. JavaScript reads the same digits as the same number.
const NUMBER = '(%d+%.?%d*)'
const OPTIONAL_NUMBER = '(%d*%.?%d*)'
const TEXT = String.raw`([^\n]*)`
const SKIPPED = String.raw`[^\n]*`
const NEW_LINE = String.raw`\n`

// A session is one Redis hash. The field `r` contains the record, and `s` the storage. Each field `c<hash>` contains a
// credential, and each field `t<hash>` the tombstone of an ended credential. `lines.ts` reads and writes the same text.
export const RECORDS = String.raw`
local app = KEYS[1] .. ':'

local call = redis.call
local function sessionKey(id) return app .. 's:' .. id end

-- tostring() would write a large number in scientific notation.
local function digits(number) return number and string.format('%d', number) or '' end

local NEVER = ${NEVER}

-- Returns the number, or nil if the text is empty or JavaScript may read it as a different number.
local function numberOf(text)
  local number = tonumber(text)
  return number and number <= NEVER and number or nil
end

local function isTime(text, number) return number ~= nil or text == '' end

local RECORD = '^${[
  ...[NUMBER, TEXT, NUMBER, OPTIONAL_NUMBER, OPTIONAL_NUMBER, TEXT, TEXT, TEXT, TEXT],
  ...[NUMBER, NUMBER, OPTIONAL_NUMBER],
].join(NEW_LINE)}$'

-- Replaces each damaged record. Such a session has no user, is not live, and can only be listed, ended and removed.
local DAMAGED = {
  kind = 'web', userName = '""', userId = 'null', grants = '""', idle = 0, absoluteEnd = NEVER, ends = NEVER,
  version = 0, writeId = '', isDamaged = true,
}

local function recordOf(text)
  local version, writeId, ends, startTime, lastAccessTime, kind, userName, userId, grants, idle, absoluteEnd, serial =
    string.match(text, RECORD)
  if not version then return DAMAGED end
  local r = {
    kind = kind, userName = userName, userId = userId, grants = grants,
    startTime = numberOf(startTime), lastAccessTime = numberOf(lastAccessTime),
    idle = numberOf(idle), absoluteEnd = numberOf(absoluteEnd), ends = numberOf(ends),
    version = numberOf(version), writeId = writeId, serial = numberOf(serial),
  }
  if not (r.version and r.ends and r.idle and r.absoluteEnd) then return DAMAGED end
  if not (isTime(startTime, r.startTime) and isTime(lastAccessTime, r.lastAccessTime) and isTime(serial, r.serial)) then return DAMAGED end
  if (r.startTime == nil) ~= (r.lastAccessTime == nil) then return DAMAGED end
  return r
end

-- Whether an endMany has ended the session. The field "e" is the token of an endMany that prepares to end the session.
-- If the mark is missing, the endMany is over, so the session has ended.
local function isMarked(token, r)
  if not token or not (r.startTime or r.isDamaged) then return false end
  local mark = call('HMGET', app .. 'mark', 'token', 'state')
  return mark[1] ~= token or mark[2] == 'ended'
end

-- Returns the record and its text. A marked session has a record, but is not live.
local function readRecord(id)
  local found = call('HMGET', sessionKey(id), 'r', 'e')
  if not found[1] then return nil end
  local r = recordOf(found[1])
  if isMarked(found[2], r) then r = setmetatable({ isMarked = true }, { __index = r }) end
  return r, found[1]
end

local function writeRecord(id, r)
  call('HSET', sessionKey(id), 'r', table.concat({
    digits(r.version), r.writeId, digits(r.ends), digits(r.startTime), digits(r.lastAccessTime),
    r.kind, r.userName, r.userId, r.grants, digits(r.idle), digits(r.absoluteEnd), digits(r.serial),
  }, '\n'))
end

local function isLive(r, now) return r.startTime ~= nil and now < r.ends and not r.isMarked end
local function isGuest(r) return r.grants == '""' and r.userId == 'null' end

local EXPIRY_OF_CREDENTIAL = '^${[...Array.from({ length: 6 }, () => SKIPPED), NUMBER, ''].join(NEW_LINE)}'

-- Whether the session is live and has the valid credential "by". If "by" is empty, the session needs no credential.
local function isUsable(id, r, by, now)
  if not r or not isLive(r, now) then return false end
  if by == '' then return true end
  local text = call('HGET', sessionKey(id), 'c' .. by)
  local expiresAt = text and numberOf(string.match(text, EXPIRY_OF_CREDENTIAL))
  return expiresAt and now < expiresAt
end

local function liveRecord(id, by, now)
  local r = readRecord(id)
  return isUsable(id, r, by, now) and r or nil
end

local function damagedRecord(id)
  local r = readRecord(id)
  return r and r.isDamaged and not r.isMarked and r or nil
end

-- Redis deletes each key MARGIN milliseconds after "ends", even if no sweep runs.
local MARGIN = 3600000

local function keepUntil(key, ends, now)
  if ends >= NEVER then call('PERSIST', key)
  else call('PEXPIRE', key, digits(math.max(ends - now, 0) + MARGIN)) end
end
`

export const CREDENTIALS = String.raw`
local CREDENTIAL = '^${[
  ...[TEXT, TEXT, TEXT, NUMBER, OPTIONAL_NUMBER, OPTIONAL_NUMBER, NUMBER],
  ...[TEXT, TEXT, TEXT, TEXT],
].join(NEW_LINE)}$'

-- Replaces each damaged credential. It is an expired cookie, because a limit ends expired credentials first.
local function damagedCredential(hash)
  return {
    hash = hash, handle = '', kind = 'cookie', via = 'visit', createdAt = 0, expiresAt = 0,
    device = 'null', address = 'null', purpose = 'null', details = 'null',
  }
end

local function credentialOf(hash, text)
  local handle, kind, via, createdAt, lastSeenAt, authenticatedAt, expiresAt, device, address, purpose, details =
    string.match(text, CREDENTIAL)
  if not handle then return damagedCredential(hash) end
  local c = {
    hash = hash, handle = handle, kind = kind, via = via, createdAt = numberOf(createdAt),
    lastSeenAt = numberOf(lastSeenAt), authenticatedAt = numberOf(authenticatedAt), expiresAt = numberOf(expiresAt),
    device = device, address = address, purpose = purpose, details = details,
  }
  if not (c.createdAt and c.expiresAt and isTime(lastSeenAt, c.lastSeenAt) and isTime(authenticatedAt, c.authenticatedAt)) then
    return damagedCredential(hash)
  end
  return c
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

-- Returns the hashes of the credentials and the hashes of the tombstones.
local function hashesOf(id)
  local hashes = { c = {}, t = {} }
  for _, field in ipairs(call('HKEYS', sessionKey(id))) do
    local ofKind = #field > 1 and hashes[string.sub(field, 1, 1)]
    if ofKind then ofKind[#ofKind + 1] = string.sub(field, 2) end
  end
  return hashes.c, hashes.t
end

local function tombstonesOf(id)
  local _, tombstones = hashesOf(id)
  return tombstones
end

local function credentialsOf(id)
  local found = {}
  for _, hash in ipairs((hashesOf(id))) do found[#found + 1] = readCredential(id, hash) end
  return found
end

local function isUnusedLogin(c) return c.kind == 'cookie' and c.details ~= 'null' and not c.lastSeenAt end
`

const UNUSED_INDEX_MILLISECONDS = 30 * 24 * 3_600_000

// The indexes are sorted sets of session ids. `created`, `seen` and `end` contain every session. Each session is also
// in one of `guests`, `users` and `invalidated`. `rest` contains the sessions of the kind `rest`, and `user:<id>` the
// sessions of one user. `link` and `token` contain the sessions that have a credential with this `via`.
// `created` and `guests` are sorted by creation, and `seen` by last access. All other indexes are sorted by end, so a
// count can leave out expired sessions.
export const INDEXES = `
local SETS = { 'created', 'seen', 'end', 'guests', 'users', 'invalidated', 'rest', 'link', 'token' }

local function userSet(userId) return app .. 'user:' .. userId end

local function classOf(r)
  if not r.startTime then return 'invalidated' end
  return isGuest(r) and 'guests' or 'users'
end

local function indexByUser(id, r, now)
  local set = userSet(r.userId)
  call('ZADD', set, r.ends, id)
  if r.ends >= NEVER or call('ZCARD', set) == 1 then keepUntil(set, r.ends, now)
  else call('PEXPIRE', set, digits(math.max(r.ends - now, 0) + MARGIN), 'GT') end
end

-- The indexes of an application expire UNUSED milliseconds after the end of its last session.
local UNUSED = ${UNUSED_INDEX_MILLISECONDS}

local function expireIndexes(now)
  local ends = tonumber(call('ZREVRANGE', app .. 'end', 0, 0, 'WITHSCORES')[2]) or now
  local isKept = ends >= NEVER
  if isKept and call('PTTL', app .. 'end') == -1 then return end
  for _, key in ipairs({ 'otps', 'serial', 'announced', unpack(SETS) }) do
    if isKept then call('PERSIST', app .. key)
    else call('PEXPIRE', app .. key, digits(math.max(ends - now, 0) + UNUSED)) end
  end
end

-- Every sweep postpones the expiry of the indexes. A write postpones the expiry only if the indexes would expire less
-- than UNUSED / 2 after the session ends.
local function keepIndexes(class, ends, now)
  local left = call('PTTL', app .. class)
  if ends >= NEVER or left < ends - now + UNUSED / 2 then expireIndexes(now) end
end

-- Updates all indexes. In link and token, only changes the score of a session that is already a member. "before" is the
-- previous record, or nil for a new session.
local function indexSession(id, r, before, now)
  local class = classOf(r)
  if before and classOf(before) ~= class then call('ZREM', app .. classOf(before), id) end
  if before and before.userId ~= r.userId and before.userId ~= 'null' then call('ZREM', userSet(before.userId), id) end
  call('ZADD', app .. 'created', r.startTime or 0, id)
  call('ZADD', app .. 'seen', r.lastAccessTime or 0, id)
  call('ZADD', app .. 'end', r.ends, id)
  call('ZADD', app .. class, class == 'guests' and r.serial or r.ends, id)
  if r.kind == 'rest' then call('ZADD', app .. 'rest', r.ends, id) end
  if r.userId ~= 'null' then indexByUser(id, r, now) end
  if before then
    call('ZADD', app .. 'link', 'XX', r.ends, id)
    call('ZADD', app .. 'token', 'XX', r.ends, id)
  end
  keepUntil(sessionKey(id), r.ends, now)
  keepIndexes(class, r.ends, now)
end

-- Adds the session to the index link or token if it has a credential with this "via". Otherwise, removes the session
-- from this index.
local function indexByVia(id, r, credentials)
  for _, via in ipairs({ 'link', 'token' }) do
    local isIndexed = false
    for _, c in ipairs(credentials) do isIndexed = isIndexed or (c.via == via and c.kind ~= 'otp') end
    if isIndexed then call('ZADD', app .. via, r.ends, id) else call('ZREM', app .. via, id) end
  end
end

local function removeAll(set, ids)
  -- Lua limits the number of parameters of a call.
  for from = 1, #ids, 1000 do call('ZREM', set, unpack(ids, from, math.min(from + 999, #ids))) end
end

local function unindex(ids)
  for _, set in ipairs(SETS) do removeAll(app .. set, ids) end
end

-- Removes each id that has no record from the indexes in SETS and from "set". Returns the number of removed ids.
local function dropMissing(ids, set)
  local missing = {}
  for _, id in ipairs(ids) do
    if call('HEXISTS', sessionKey(id), 'r') == 0 then missing[#missing + 1] = id end
  end
  unindex(missing)
  removeAll(set, missing)
  return #missing
end

local SAMPLE = 100

-- Repairs the indexes after keys have expired or were deleted by hand. Checks the SAMPLE sessions that ended first, and
-- SAMPLE random members of "set". Returns the number of removed ids.
local function heal(set, now)
  local first = call('ZRANGEBYSCORE', app .. 'end', '-inf', digits(now), 'LIMIT', 0, SAMPLE)
  return dropMissing(first, set) + dropMissing(call('ZRANDMEMBER', set, SAMPLE), set)
end
`

// A limit of nil means no limit.
export const LIMITS = `
-- An index may contain ids without a record, so heal() runs before a session is refused.
local function isFull(r, sessions, guests, now)
  local function full()
    local stored = sessions and call('ZCARD', app .. 'end')
    if sessions and stored >= sessions and stored - countRepeated() >= sessions then return true end
    return guests ~= nil and isGuest(r) and call('ZCARD', app .. 'guests') >= guests
  end
  if not full() then return false end
  -- The indexes still contain the marked sessions.
  if call('HGET', app .. 'mark', 'state') == 'ended' then error('ENDING') end
  return heal(app .. 'end', now) == 0 or full()
end

-- Ends the user's oldest sessions beyond the limit. Never ends the session "id" or a session with an API token.
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
  if #others < perUser then return ended end
  table.sort(others, startedFirst)
  -- Unused logins of one origin count as one session.
  local own, groups, groupOf = originOf(id, readRecord(id)), {}, {}
  for _, other in ipairs(others) do
    local origin = originOf(other.id, other.r)
    if origin == nil or origin ~= own then
      local group = origin and groupOf[origin]
      if not group then
        group = {}
        groups[#groups + 1] = group
        if origin then groupOf[origin] = group end
      end
      group[#group + 1] = other
    end
  end
  for n = 1, math.min(#groups, #groups + 1 - perUser) do
    for _, other in ipairs(groups[n]) do ended[#ended + 1] = endSession(other.id, other.r, 'limit', now) end
  end
  return ended
end
`

export const ADDING = `
local function endsFirst(a, b, now)
  if (a.expiresAt <= now) ~= (b.expiresAt <= now) then return a.expiresAt <= now end
  local x, y = a.lastSeenAt or a.createdAt, b.lastSeenAt or b.createdAt
  if x ~= y then return x < y end
  if a.createdAt ~= b.createdAt then return a.createdAt < b.createdAt end
  return a.hash < b.hash
end

-- Applies the same rule as shared/eviction.ts.
local function evictedBy(added, present, by, devices, otps, now)
  local isOTP = added.kind == 'otp'
  local cap = devices
  if isOTP then cap = otps end
  local evicted, candidates = {}, {}
  for _, c in ipairs(present) do
    if added.purpose ~= 'null' and c.purpose == added.purpose then evicted[#evicted + 1] = c
    elseif (c.kind == 'otp') == isOTP and c.hash ~= by then candidates[#candidates + 1] = c end
  end
  if not cap then return evicted end
  table.sort(candidates, function(a, b) return endsFirst(a, b, now) end)
  local kept = (by ~= '' and not isOTP) and 1 or 0
  for n = 1, #candidates + kept + 1 - cap do evicted[#evicted + 1] = candidates[n] end
  return evicted
end

-- The index "otps" contains all OTPs and all other credentials that expire.
local function addCredential(id, c, r, now)
  writeCredential(id, c)
  indexLogin(id, c, r, now)
  if c.kind == 'otp' or c.expiresAt < NEVER then call('ZADD', app .. 'otps', c.expiresAt, id .. ':' .. c.hash) end
  if c.kind ~= 'otp' then return end
  call('SET', app .. 'otp:' .. c.hash, id)
  keepUntil(app .. 'otp:' .. c.hash, c.expiresAt, now)
end

local function addWithin(id, r, c, by, devices, otps, now)
  for _, evicted in ipairs(evictedBy(c, credentialsOf(id), by, devices, otps, now)) do endCredential(id, evicted, 'limit', now) end
  addCredential(id, c, r, now)
  indexByVia(id, r, credentialsOf(id))
  dropExpiredTombstones(id, now)
end
`

// The functions delete before they write, so that sessions can end even when Redis has no free memory.
export const ENDS = String.raw`
local TOMBSTONE = ${TOMBSTONE_MILLISECONDS}
local MESSAGE = ${MESSAGE_MILLISECONDS}
-- The largest expected difference between the clocks of two processes.
local CLOCK_SKEW = ${SWEEP_MARGIN_MILLISECONDS}

local endedIds = {}
local function queueNotification(id) if endedIds[#endedIds] ~= id then endedIds[#endedIds + 1] = id end end

-- Notifies other processes of the ended sessions. If more than 100 sessions have ended, sends one notification without
-- an id. Notifications are numbered, so that a process can detect that it has missed a notification.
local function sendNotifications()
  if #endedIds > 100 then endedIds = { '' } end
  for _, id in ipairs(endedIds) do
    call('PUBLISH', app .. 'ends', digits(call('INCR', app .. 'announced')) .. ' ' .. id)
  end
end

local function tombstoneText(tombstone)
  return table.concat({ tombstone.reason, digits(tombstone.endedAt), digits(tombstone.keepUntil), tombstone.origin, tombstone.message }, '\n')
end

local function tombstoneOf(text)
  local reason, endedAt, keepUntil, origin, message = string.match(text, '^([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)$')
  return {
    reason = reason, endedAt = tonumber(endedAt), keepUntil = tonumber(keepUntil) or 0, origin = origin,
    message = message or '',
  }
end

local function leaveMessage(id, hash)
  call('SET', app .. 'message:' .. hash, id, 'PX', MESSAGE + CLOCK_SKEW)
end

local function dropOTP(id, hash)
  call('HDEL', sessionKey(id), 'c' .. hash)
  call('DEL', app .. 'otp:' .. hash)
  call('ZREM', app .. 'otps', id .. ':' .. hash)
end

-- Ends one credential. Every credential except an OTP leaves a tombstone.
local function endCredential(id, c, reason, now, message, keepsOrigin)
  if c.kind == 'otp' then return dropOTP(id, c.hash) end
  call('HDEL', sessionKey(id), 'c' .. c.hash)
  if c.expiresAt < NEVER then call('ZREM', app .. 'otps', id .. ':' .. c.hash) end
  local text = message or ''
  local hasOrigin = keepsOrigin and c.kind == 'cookie' and c.details ~= 'null'
  call('HSET', sessionKey(id), 't' .. c.hash, tombstoneText({
    reason = reason, endedAt = now, keepUntil = now + (text == '' and TOMBSTONE or MESSAGE),
    origin = hasOrigin and c.details or '', message = text,
  }))
  if text ~= '' then leaveMessage(id, c.hash) end
  queueNotification(id)
end

-- Deletes expired tombstones. Without this function, the Redis hash of a long-lived session would keep growing.
local function dropExpiredTombstones(id, now)
  if call('HLEN', sessionKey(id)) < 40 then return end
  for _, hash in ipairs(tombstonesOf(id)) do
    if tombstoneOf(call('HGET', sessionKey(id), 't' .. hash)).keepUntil <= now then call('HDEL', sessionKey(id), 't' .. hash) end
  end
end

local function endedLine(id, r, reason)
  return table.concat({ id, r.kind, r.userName, r.userId, reason }, '\n')
end

local function hasMessage(id, tombstones)
  for _, hash in ipairs(tombstones) do
    if tombstoneOf(call('HGET', sessionKey(id), 't' .. hash)).message ~= '' then return true end
  end
  return false
end

-- Deletes the record and the storage but keeps the tombstones. Does not change the indexes.
local function removeRecord(id, keepsMessage)
  local key = sessionKey(id)
  call('HDEL', key, 'r', 's', 'e')
  call('PEXPIRE', key, (keepsMessage and MESSAGE or TOMBSTONE) + CLOCK_SKEW)
end

local function removeFromIndexes(id, r)
  unindex({ id })
  if r.userId ~= 'null' then call('ZREM', userSet(r.userId), id) end
end

-- Ends a session. Does not change the indexes, so that the caller can remove many ids at once.
local function closeSession(id, r, reason, now, message, keepsOrigin)
  local credentials, tombstones = hashesOf(id)
  local keepsMessage = (message or '') ~= '' or hasMessage(id, tombstones)
  for _, hash in ipairs(credentials) do
    endCredential(id, readCredential(id, hash), reason, now, message, keepsOrigin)
  end
  removeRecord(id, keepsMessage)
  queueNotification(id)
  return endedLine(id, r, reason)
end

local function endSession(id, r, reason, now, message, keepsOrigin)
  local line = closeSession(id, r, reason, now, message, keepsOrigin)
  removeFromIndexes(id, r)
  return line
end
`
