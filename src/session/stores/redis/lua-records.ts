import { NEVER } from '../../record.ts'

/**
 * Lua: where a session lies, and how it is read and written. A session is one hash: `r` its record, `s` its storage, `c<hash>` a
 * credential, `t<hash>` what is remembered of a credential that ended. The lines are those of `redis-lines.ts`.
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
