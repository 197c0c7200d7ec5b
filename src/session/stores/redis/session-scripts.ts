import { SWEEP_MARGIN_MILLISECONDS, TOUCH_GRACE_MILLISECONDS } from '../../record.ts'
import { STEP_SESSIONS } from './marked-ends.ts'
import { script } from './script.ts'

// While an endMany prepares to end the sessions, it also ends the sessions that begin.
const MARKING = `
local function markNew(id, kind)
  local mark = call('HMGET', app .. 'mark', 'token', 'state', 'kind')
  if mark[2] == 'preparing' and (mark[3] == '' or mark[3] == kind) then call('HSET', sessionKey(id), 'e', mark[1]) end
end
`

const INSERTING = `
local function insert(id, text, storage, c, now)
  local r = recordOf(text)
  r.serial = call('INCR', app .. 'serial')
  writeRecord(id, r)
  call('HSET', sessionKey(id), 's', storage)
  markNew(id, r.kind)
  indexSession(id, r, nil, now)
  addCredential(id, c, r, now)
  if c.via == 'link' or c.via == 'token' then indexByVia(id, r, { c }) end
end
`

/**
 * Returns 'exists', 'full', or 'admitted' followed by the sessions that ended because of a limit. `CREATE_VISITS` stores
 * most new sessions.
 */
export const CREATE = script(
  `${MARKING}${INSERTING}
local id, text, storage, hash, credential, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local sessions, guests, perUser = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])
if call('HEXISTS', sessionKey(id), 'r') == 1 then return { 'exists' } end
local r, c = recordOf(text), credentialOf(hash, credential)
if not isRepeated(c) and isFull(r, sessions, guests, now) then return { 'full' } end
insert(id, text, storage, c, now)
local ended = endBeyond(id, r, c, perUser, now)
sendNotifications()
table.insert(ended, 1, 'admitted')
return ended
`,
)

/** Returns 'gone', 'moved', 'exists', or 'replaced' followed by the sessions that ended because of a limit. */
export const REPLACE = script(
  `${MARKING}${INSERTING}
local id, version, by, now = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local newId, text, storage, hash, credential = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local sessions, guests, perUser = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local old = liveRecord(id, by, now)
if not old then return { 'gone' } end
if version and old.version ~= version then return { 'moved' } end
if call('HEXISTS', sessionKey(newId), 'r') == 1 then return { 'exists' } end
local r, c = recordOf(text), credentialOf(hash, credential)
local short = isFull(r, sessions, guests, now)
for _, ended in ipairs(credentialsOf(id)) do endCredential(id, ended, 'secured', now, '', true) end
if short then
  removeRecord(id, hasMessage(id, tombstonesOf(id)))
  removeFromIndexes(id, old)
else
  local before = recordOf(call('HGET', sessionKey(id), 'r'))
  old.startTime, old.lastAccessTime, old.version = nil, nil, old.version + 1
  writeRecord(id, old)
  call('HSET', sessionKey(id), 's', '{}')
  indexSession(id, old, before, now)
  indexByVia(id, old, {})
end
queueNotification(id)
insert(newId, text, storage, c, now)
local ended = endBeyond(newId, r, c, perUser, now)
sendNotifications()
table.insert(ended, 1, 'replaced')
return ended
`,
)

/**
 * Changes only the storages of sessions. These updates are the most frequent ones, so the script does not parse whole
 * records. Returns for each update '1', '0' if the update is refused, or 'failed' if it must be sent alone because Redis
 * failed.
 */
export const UPDATE_STORAGE = script(
  String.raw`
local function update(id, now, version, by, writeId, storage)
  local key = sessionKey(id)
  now = tonumber(now)
  local found = call('HMGET', key, 'r', 'c' .. by, 'e')
  if not found[1] then return '0' end
  local expiresAt = found[2] and string.match(found[2], EXPIRY_OF_CREDENTIAL)
  local isExpired = not expiresAt or now >= tonumber(expiresAt)
  local current, last, ends, startTime, rest = string.match(found[1], '^([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
  if found[3] and isMarked(found[3], { startTime = startTime ~= '' }) then return '0' end
  if last == writeId then return '1' end
  local hasEnded = startTime == '' or now >= tonumber(ends)
  if hasEnded or (version ~= '' and version ~= current) or (by ~= '' and isExpired) then return '0' end
  local text = table.concat({ digits(tonumber(current) + 1), writeId, ends, startTime, rest }, '\n')
  call('HSET', key, 'r', text, 's', storage)
  return '1'
end

local count = #ARGV / 6
if count == 1 then return { update(unpack(ARGV)) } end
local answers = {}
for n = 1, count do
  local isDone, answer = pcall(update, unpack(ARGV, 6 * n - 5, 6 * n))
  answers[n] = isDone and answer or 'failed'
end
return answers
`,
)

// An empty parameter or an omitted storage leaves its field unchanged. Returns '0' if the update is refused.
// Otherwise returns '1', followed by the sessions that ended because of a limit.
export const UPDATE = script(
  `
local id, now, version, by, writeId, perUser = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5], tonumber(ARGV[6])
local userName, userId, grants, lastAccessTime = ARGV[7], ARGV[8], ARGV[9], tonumber(ARGV[10])
local idle, ends, authenticatedAt, storage = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13]), ARGV[14]
local r, text = readRecord(id)
if r and not r.isMarked and r.writeId == writeId then return { '1' } end
if not isUsable(id, r, by, now) or (version and version ~= r.version) then return { '0' } end

r.version, r.writeId = r.version + 1, writeId
if storage then call('HSET', sessionKey(id), 's', storage) end
if userName ~= '' then r.userName = userName end
if userId ~= '' then r.userId = userId end
if grants ~= '' then r.grants = grants end
r.lastAccessTime = math.max(r.lastAccessTime or 0, lastAccessTime or 0)
r.idle, r.ends = idle or r.idle, ends or r.ends
writeRecord(id, r)
if userId ~= '' or grants ~= '' or lastAccessTime or ends then indexSession(id, r, recordOf(text), now) end

local c = authenticatedAt and by ~= '' and readCredential(id, by)
if c then
  c.authenticatedAt, c.via = authenticatedAt, 'login'
  writeCredential(id, c)
  indexByVia(id, r, credentialsOf(id))
end
local ended = userId ~= '' and endOldest(id, r, perUser, now) or {}
sendNotifications()
table.insert(ended, 1, '1')
return ended
`,
)

/** Returns the unused logins that ended because this login was used for the first time. */
export const TOUCH = script(
  `
local id, hash, now, device, address = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local r = liveRecord(id, hash, now)
if not r then return {} end
local c = readCredential(id, hash)
local isFirst = isUnusedLogin(c)
c.lastSeenAt = math.max(c.lastSeenAt or 0, now)
if device ~= 'null' then c.device = device end
if address ~= 'null' then c.address = address end
writeCredential(id, c)
r.lastAccessTime = math.max(r.lastAccessTime or 0, now)
local ends = r.idle == 0 and r.absoluteEnd or math.min(now + r.idle + ${TOUCH_GRACE_MILLISECONDS}, r.absoluteEnd)
r.ends = math.max(r.ends, ends)
writeRecord(id, r)
indexSession(id, r, r, now)
if not isFirst then return {} end
`,
  `
if r.lastAccessTime > r.startTime then unindexLogin(id, c) end
local ended = endUnused(c.details, id, 0, 'secured', now, true)
sendNotifications()
return ended
`,
)

export const END = script(
  `
local id, reason, now, by, unseen, message = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6]
local r = liveRecord(id, by, now) or (by == '' and damagedRecord(id))
if not r or (unseen == '1' and r.isDamaged) then return false end
if unseen == '1' then
  if (r.lastAccessTime or 0) > r.startTime then return false end
  for _, c in ipairs(credentialsOf(id)) do
    if c.lastSeenAt then return false end
  end
end
local ended = endSession(id, r, reason, now, message)
sendNotifications()
return ended
`,
)

/**
 * An empty filter parameter matches every session. Returns 'many' if a filter without a user matches too many sessions
 * for one step, and otherwise 'ended', followed by the ended sessions.
 */
export const END_MANY = script(
  `
local userId, kind, exceptId, reason, now, message = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), ARGV[6]
local set = app .. 'end'
if userId ~= '' then set = userSet(userId) elseif kind == 'rest' then set = app .. 'rest' end
if userId == '' and call('ZCARD', set) > ${STEP_SESSIONS} then return { 'many' } end
local ended, removed, missing = {}, {}, {}
local function isSelected(id, r)
  if r.isMarked then return false end
  -- A damaged record shows no user. If the filter has a user, the loop below reads only the index of this user.
  if r.isDamaged then return kind == '' or (kind == 'rest') == (call('ZSCORE', app .. 'rest', id) ~= false) end
  return isLive(r, now) and (userId == '' or r.userId == userId) and (kind == '' or r.kind == kind)
end
for _, id in ipairs(call('ZRANGEBYSCORE', set, '(' .. digits(now), '+inf')) do
  local r = readRecord(id)
  if not r then
    missing[#missing + 1] = id
  elseif id ~= exceptId and isSelected(id, r) then
    ended[#ended + 1] = closeSession(id, r, reason, now, message)
    removed[#removed + 1] = id
    if userId == '' and r.userId ~= 'null' then call('ZREM', userSet(r.userId), id) end
  end
end
unindex(removed)
if userId ~= '' then removeAll(set, removed) end
dropMissing(missing, set)
sendNotifications()
table.insert(ended, 1, 'ended')
return ended
`,
)

const REASON = `
-- Returns why an expired or replaced session ended.
local function reasonOf(r)
  if r.isDamaged then return 'idle' end
  if not r.startTime then return 'secured' end
  return r.ends >= r.absoluteEnd and 'absolute' or 'idle'
end
`

export const REMOVE = script(
  `${REASON}
local id, now, message = ARGV[1], tonumber(ARGV[2]), ARGV[3]
local r = readRecord(id)
if not r or r.isMarked then return false end
local reason = (r.isDamaged or isLive(r, now)) and 'revoked' or reasonOf(r)
endSession(id, r, 'revoked', now, message)
if message ~= '' then
  for _, hash in ipairs(tombstonesOf(id)) do
    local tombstone = tombstoneOf(call('HGET', sessionKey(id), 't' .. hash))
    tombstone.message, tombstone.keepUntil = message, now + MESSAGE
    call('HSET', sessionKey(id), 't' .. hash, tombstoneText(tombstone))
    leaveMessage(id, hash)
  end
end
sendNotifications()
return endedLine(id, r, reason)
`,
)

/** Deletes the message and returns it as JSON. Returns nothing if there is no message. */
export const TAKE_MESSAGE = script(
  `
local id, hash, now = ARGV[1], ARGV[2], tonumber(ARGV[3])
local text = call('HGET', sessionKey(id), 't' .. hash)
local r = not text and readRecord(id)
if r and r.isMarked then
  local mark, c = call('HMGET', app .. 'mark', 'reason', 'now', 'message'), readCredential(id, hash)
  local endedAt = tonumber(mark[2])
  if not c or c.kind == 'otp' or (mark[3] or '') == '' or now >= endedAt + MESSAGE then return false end
  endCredential(id, c, mark[1], endedAt)
  return mark[3]
end
local tombstone = text and tombstoneOf(text)
if not tombstone or tombstone.message == '' or now >= tombstone.keepUntil then return false end
local message = tombstone.message
tombstone.message = ''
call('DEL', app .. 'message:' .. hash)
call('HSET', sessionKey(id), 't' .. hash, tombstoneText(tombstone))
return message
`,
)

/** Removes expired sessions and credentials. Redis removes tombstones and messages when their keys expire. */
export const SWEEP = script(
  `${REASON}
local now, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local latestEnd = digits(now - ${SWEEP_MARGIN_MILLISECONDS})

call('ZREMRANGEBYSCORE', app .. 'logins', '-inf', latestEnd)
for _, member in ipairs(call('ZRANGEBYSCORE', app .. 'otps', '-inf', latestEnd, 'LIMIT', 0, limit)) do
  local id, hash = string.match(member, '^([^:]*):(.*)$')
  local c = readCredential(id, hash)
  dropOTP(id, hash)
  local r = c and c.kind ~= 'otp' and readRecord(id)
  if r then indexByVia(id, r, credentialsOf(id)) end
end

local ended, checked = {}, 0
repeat
  local ids = call('ZRANGEBYSCORE', app .. 'end', '-inf', latestEnd, 'LIMIT', 0, limit - #ended)
  for _, id in ipairs(ids) do
    local r = readRecord(id)
    if r then
      for _, hash in ipairs((hashesOf(id))) do
        if call('ZREM', app .. 'otps', id .. ':' .. hash) == 1 then call('DEL', app .. 'otp:' .. hash) end
      end
      call('DEL', sessionKey(id))
      if r.userId ~= 'null' then call('ZREM', userSet(r.userId), id) end
      ended[#ended + 1] = endedLine(id, r, reasonOf(r))
    end
  end
  unindex(ids)
  checked = checked + #ids
until #ids == 0 or #ended == limit or checked > 2 * limit
expireIndexes(now)
return ended
`,
)
