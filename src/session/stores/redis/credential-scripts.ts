import { script } from './script.ts'

export const ATTACH = script(
  `
local id, hash, text, by, devices, otps, now =
  ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local r = liveRecord(id, by, now)
if not r then return '0' end
addWithin(id, r, credentialOf(hash, text), by, devices, otps, now)
sendNotifications()
return '1'
`,
)

export const DETACH = script(
  `
local id, handle, reason, now, message = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
local r = liveRecord(id, '', now)
if not r then return '0' end
for _, c in ipairs(credentialsOf(id)) do
  if c.handle == handle then
    endCredential(id, c, reason, now, message)
    indexByVia(id, r, credentialsOf(id))
    dropExpiredTombstones(id, now)
    sendNotifications()
    return '1'
  end
end
return '0'
`,
)

export const ROTATE = script(
  `
local id, by, hash, text, others, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], tonumber(ARGV[6])
local r = liveRecord(id, by, now)
if not r then return '0' end
for _, c in ipairs(credentialsOf(id)) do
  if c.hash == by then endCredential(id, c, 'secured', now)
  elseif others == 'end' then endCredential(id, c, 'revoked', now) end
end
addCredential(id, credentialOf(hash, text), r, now)
indexByVia(id, r, credentialsOf(id))
dropExpiredTombstones(id, now)
sendNotifications()
return '1'
`,
)

/** `from` and `to` are JSON. */
export const SET_DETAILS = script(
  `
local id, hash, from, to, now = ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
local c = liveRecord(id, hash, now) and readCredential(id, hash)
if not c or not c.lastSeenAt or c.details ~= from then return '0' end
c.details = to
writeCredential(id, c)
return '1'
`,
)

/** The caller checks whether the session and the OTP have expired. */
export const FIND_OTP = script(
  `
local id = call('GET', app .. 'otp:' .. ARGV[1])
if not id then return false end
local found = call('HMGET', sessionKey(id), 'r', 's', 'c' .. ARGV[1], 'e')
if found[4] and isMarked(found[4], recordOf(found[1])) then return false end
return found[1] and found[3] and { id, found[1], found[2], found[3] } or false
`,
)

/** Redeems an OTP, and adds a credential unless `text` is empty. */
export const REDEEM = script(
  `
local otp, hash, text, devices, otps, now =
  ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local id = call('GET', app .. 'otp:' .. otp)
local r = id and liveRecord(id, otp, now)
if not r or now >= readCredential(id, otp).expiresAt then return false end
dropOTP(id, otp)
if text ~= '' then addWithin(id, r, credentialOf(hash, text), '', devices, otps, now) end
sendNotifications()
local found = call('HMGET', sessionKey(id), 'r', 's')
return { id, found[1], found[2] }
`,
)

/** Returns one list for each id. A list contains the hash of each credential, followed by its text. */
export const CREDENTIALS_OF = script(
  `
local answer = {}
for n, id in ipairs(ARGV) do
  answer[n] = {}
  local r = call('HEXISTS', sessionKey(id), 'e') == 1 and readRecord(id)
  for _, hash in ipairs(r and r.isMarked and {} or (hashesOf(id))) do
    table.insert(answer[n], hash)
    table.insert(answer[n], call('HGET', sessionKey(id), 'c' .. hash))
  end
end
return answer
`,
)
