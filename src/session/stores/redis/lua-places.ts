/**
 * Lua: the sets by which sessions are listed, counted and limited, each in an order. `created`, `seen` and `end` hold every
 * record. Exactly one of `guests` (in the order of creation), `users` and `invalidated` does; `rest`, `link` and `token` hold those of that kind, or with a
 * device that came like this, and `user:<id>` those of one user: all by their end, so that counting leaves out what is over.
 */
export const PLACES = `
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
