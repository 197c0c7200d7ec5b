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

-- At the limit of sessions, the oldest guest gives way to a session that is no guest's, if he has to.
local function endGuestFor(r, sessions, now)
  if not sessions or isGuest(r) or call('ZCARD', app .. 'end') ~= sessions or heal(app .. 'end', now) > 0 then return {} end
  local oldest = call('ZRANGE', app .. 'guests', 0, 0)[1]
  local guest = oldest and readRecord(oldest)
  if oldest and not guest then forget(oldest) end
  return guest and { endSession(oldest, guest, 'limit', now) } or {}
end

local function cameFirst(a, b)
  if a.r.startTime ~= b.r.startTime then return a.r.startTime < b.r.startTime end
  return a.r.serial < b.r.serial
end

-- The user's sessions beyond the limit, oldest first; never the one that just came, and no API token's.
local function endOldest(id, r, perUser, now, ended)
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
