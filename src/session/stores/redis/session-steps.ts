import { TOUCH_GRACE_MILLISECONDS } from '../../record.ts'
import { ENDS } from './lua-ends.ts'
import { ADDING, LIMITS } from './lua-limits.ts'
import { PLACES } from './lua-places.ts'
import { CREDENTIALS, RECORDS } from './lua-records.ts'
import { script } from './scripts.ts'

const BEGINNING = `
local function insert(id, text, storage, hash, credential, now)
  local r = recordOf(text)
  r.serial = call('INCR', app .. 'serial')
  writeRecord(id, r)
  call('HSET', sessionKey(id), 's', storage)
  place(id, r, nil, now)
  local c = credentialOf(hash, credential)
  addCredential(id, c, now)
  if c.via == 'link' or c.via == 'token' then noteWays(id, r, { c }) end
end
`

/** Answers 'exists', 'full', or 'admitted' and the sessions that ended for it. */
export const CREATE = script(
  [RECORDS, CREDENTIALS, PLACES, ENDS, LIMITS, ADDING, BEGINNING],
  `
local id, text, storage, hash, credential, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local sessions, guests, giveWay, perUser = tonumber(ARGV[7]), tonumber(ARGV[8]), ARGV[9], tonumber(ARGV[10])
if call('HEXISTS', sessionKey(id), 'r') == 1 then return { 'exists' } end
local r = recordOf(text)
local ended = giveWay == '1' and endGuestFor(r, sessions, now) or {}
if isFull(r, sessions, guests, now) then return { 'full' } end
insert(id, text, storage, hash, credential, now)
endOldest(id, r, perUser, now, ended)
announce()
table.insert(ended, 1, 'admitted')
return ended
`,
)

/** Answers 'gone', 'moved', 'exists', or 'replaced' and the sessions that ended for it. */
export const REPLACE = script(
  [RECORDS, CREDENTIALS, PLACES, ENDS, LIMITS, ADDING, BEGINNING],
  `
local id, version, by, now = ARGV[1], tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local newId, text, storage, hash, credential = ARGV[5], ARGV[6], ARGV[7], ARGV[8], ARGV[9]
local sessions, guests, perUser = tonumber(ARGV[10]), tonumber(ARGV[11]), tonumber(ARGV[12])
local old = holding(id, by, now)
if not old then return { 'gone' } end
if version and old.version ~= version then return { 'moved' } end
if call('HEXISTS', sessionKey(newId), 'r') == 1 then return { 'exists' } end
local r = recordOf(text)
local short = isFull(r, sessions, guests, now)
for _, c in ipairs(credentialsOf(id)) do bury(id, c, 'secured', now, '', newId) end
if short then
  removeRecord(id, old)
else
  local before = recordOf(call('HGET', sessionKey(id), 'r'))
  old.startTime, old.lastAccessTime, old.version = nil, nil, old.version + 1
  writeRecord(id, old)
  call('HSET', sessionKey(id), 's', '{}')
  place(id, old, before, now)
  noteWays(id, old, {})
end
tell(id)
insert(newId, text, storage, hash, credential, now)
local ended = endOldest(newId, r, perUser, now, {})
announce()
table.insert(ended, 1, 'replaced')
return ended
`,
)

/** The most frequent change: UPDATE of the storage alone, with no more Lua than that needs. Answers as UPDATE does. */
export const UPDATE_STORAGE = script(
  [],
  String.raw`
local key, now, version, by, writeId = KEYS[1] .. ':s:' .. ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local found = redis.call('HMGET', key, 'r', 'c' .. by)
if not found[1] then return { '0' } end
local current, last, ends, startTime, rest = string.match(found[1], '^([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
if last == writeId then return { '1' } end
local isLive = startTime ~= '' and now < tonumber(ends)
if not isLive or (version ~= '' and version ~= current) or (by ~= '' and not found[2]) then return { '0' } end
local nextVersion = string.format('%.0f', tonumber(current) + 1)
local text = table.concat({ nextVersion, writeId, ends, startTime, rest }, '\n')
redis.call('HSET', key, 'r', text, 's', ARGV[6])
return { '1' }
`,
)

/** '' leaves a field as it is, a missing storage the storage. Answers '0', or '1' and the sessions that ended for it. */
export const UPDATE = script(
  [RECORDS, CREDENTIALS, PLACES, ENDS, LIMITS],
  `
local id, now, version, by, writeId, perUser = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4], ARGV[5], tonumber(ARGV[6])
local userName, userId, grants, lastAccessTime = ARGV[7], ARGV[8], ARGV[9], tonumber(ARGV[10])
local idle, ends, authenticatedAt, storage = tonumber(ARGV[11]), tonumber(ARGV[12]), tonumber(ARGV[13]), ARGV[14]
local text = call('HGET', sessionKey(id), 'r')
local r = text and recordOf(text)
if r and r.writeId == writeId then return { '1' } end
if not holds(id, r, by, now) or (version and version ~= r.version) then return { '0' } end

r.version, r.writeId = r.version + 1, writeId
if storage then call('HSET', sessionKey(id), 's', storage) end
if userName ~= '' then r.userName = userName end
if userId ~= '' then r.userId = userId end
if grants ~= '' then r.grants = grants end
r.lastAccessTime = math.max(r.lastAccessTime or 0, lastAccessTime or 0)
r.idle, r.ends = idle or r.idle, ends or r.ends
writeRecord(id, r)
if userId ~= '' or grants ~= '' or lastAccessTime or ends then place(id, r, recordOf(text), now) end

local c = authenticatedAt and by ~= '' and readCredential(id, by)
if c then
  c.authenticatedAt, c.via = authenticatedAt, 'login'
  writeCredential(id, c)
  noteWays(id, r, credentialsOf(id))
end
local ended = userId ~= '' and endOldest(id, r, perUser, now, {}) or {}
announce()
table.insert(ended, 1, '1')
return ended
`,
)

/** Moves nothing backwards. */
export const TOUCH = script(
  [RECORDS, CREDENTIALS, PLACES],
  `
local id, hash, now, device, address = ARGV[1], ARGV[2], tonumber(ARGV[3]), ARGV[4], ARGV[5]
local r = holding(id, hash, now)
if not r then return false end
local c = readCredential(id, hash)
c.lastSeenAt = math.max(c.lastSeenAt or 0, now)
if device ~= 'null' then c.device = device end
if address ~= 'null' then c.address = address end
writeCredential(id, c)
r.lastAccessTime = math.max(r.lastAccessTime or 0, now)
local ends = r.idle == 0 and r.absoluteEnd or math.min(now + r.idle + ${TOUCH_GRACE_MILLISECONDS}, r.absoluteEnd)
r.ends = math.max(r.ends, ends)
writeRecord(id, r)
place(id, r, r, now)
return false
`,
)
