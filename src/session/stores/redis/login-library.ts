import { MOST_UNUSED_LOGINS } from '../../record.ts'

// `touch` in store.ts defines unused logins. The index `logins` contains all unused logins, sorted by end. The index
// `login:<origin>` contains the unused logins of one origin. Both indexes may also contain sessions that are no longer
// unused logins, so each function that reads an index checks every session.
export const LOGINS = String.raw`
local function loginSet(origin) return app .. 'login:' .. origin end

local function addUntil(set, ends, member, now)
  call('ZADD', set, ends, member)
  if ends >= NEVER or call('ZCARD', set) == 1 then keepUntil(set, ends, now)
  else call('PEXPIRE', set, digits(math.max(ends - now, 0) + MARGIN), 'GT') end
end

local function indexLogin(id, c, r, now)
  if not isUnusedLogin(c) then return end
  addUntil(app .. 'logins', r.ends, c.details .. '\n' .. id, now)
  addUntil(loginSet(c.details), r.ends, id, now)
end

local function unindexLogin(id, c)
  call('ZREM', app .. 'logins', c.details .. '\n' .. id)
  call('ZREM', loginSet(c.details), id)
end

-- Returns the origin of an unused login, or nil for any other session.
local function originOf(id, r)
  if not r or r.isMarked or not r.startTime or r.lastAccessTime > r.startTime then return nil end
  local origin
  for _, c in ipairs(credentialsOf(id)) do
    if c.lastSeenAt then return nil end
    if isUnusedLogin(c) and (not origin or c.details < origin) then origin = c.details end
  end
  return origin
end

local function startedFirst(a, b)
  if a.r.startTime ~= b.r.startTime then return a.r.startTime < b.r.startTime end
  return a.r.serial < b.r.serial
end

local function unusedLogins(origin)
  local found = {}
  for _, id in ipairs(call('ZRANGE', loginSet(origin), 0, -1)) do
    local r = readRecord(id)
    if originOf(id, r) == origin then found[#found + 1] = { id = id, r = r } end
  end
  table.sort(found, startedFirst)
  return found
end

-- Returns the number of unused logins minus the number of their origins.
local function countRepeated()
  local counted, origins, repeated = {}, {}, 0
  for _, member in ipairs(call('ZRANGE', app .. 'logins', 0, -1)) do
    local id = string.match(member, '([^\n]*)$')
    local r = readRecord(id)
    local origin = originOf(id, r)
    if not r then call('ZREM', app .. 'logins', member) end
    if origin and not counted[id] then
      counted[id] = true
      if origins[origin] then repeated = repeated + 1 end
      origins[origin] = true
    end
  end
  return repeated
end

local function isRepeated(c) return isUnusedLogin(c) and #unusedLogins(c.details) > 0 end

-- Ends the oldest unused logins of this origin until "most" are left. Ignores the session "except".
local function endUnused(origin, except, most, reason, now, keepsOrigin)
  local others, ended = {}, {}
  for _, other in ipairs(unusedLogins(origin)) do
    if other.id ~= except and isLive(other.r, now) then others[#others + 1] = other end
  end
  for n = 1, #others - most do
    ended[n] = endSession(others[n].id, others[n].r, reason, now, '', keepsOrigin)
  end
  return ended
end
`

export const LOGIN_LIMIT = `
local function endBeyond(id, r, c, perUser, now)
  local ended = endOldest(id, r, perUser, now)
  if not isUnusedLogin(c) then return ended end
  for _, line in ipairs(endUnused(c.details, id, ${MOST_UNUSED_LOGINS - 1}, 'limit', now)) do ended[#ended + 1] = line end
  return ended
end
`
