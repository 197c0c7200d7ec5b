import type { CallOf, ListFilter, ListPage } from '../../store.ts'
import type { RunScript } from './client.ts'
import { recordFrom } from './lines.ts'
import { script } from './script.ts'

const FILTERS = `
-- The maximum number of sessions that one script reads, because Redis is blocked while a script runs.
local BATCH = 1000

local now, userId, kind, state, via = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local function hasVia(id, wanted)
  for _, c in ipairs(credentialsOf(id)) do
    if c.via == wanted and c.kind ~= 'otp' then return true end
  end
  return false
end

-- A damaged record does not show its user, kind and end, so this function reads them from the indexes.
local function isDamagedListed(id)
  local function isIn(set) return call('ZSCORE', set, id) ~= false end
  if now >= tonumber(call('ZSCORE', app .. 'end', id) or '0') then return false end
  if userId ~= '' and not isIn(userSet(userId)) then return false end
  if kind ~= '' and (kind == 'rest') ~= isIn(app .. 'rest') then return false end
  if via ~= '' and not hasVia(id, via) then return false end
  if state == 'restored' then return hasVia(id, 'link') end
  local class = { guest = 'guests', user = 'users', invalidated = 'invalidated' }
  return state == '' or isIn(app .. class[state])
end

local function isListed(id, r)
  if r.isMarked then return false end
  if r.isDamaged then return isDamagedListed(id) end
  if now >= r.ends or (userId ~= '' and r.userId ~= userId) or (kind ~= '' and r.kind ~= kind) then return false end
  if via ~= '' and not (r.startTime and hasVia(id, via)) then return false end
  if state == '' then return true end
  if state == 'invalidated' or not r.startTime then return state == classOf(r) end
  if state == 'restored' then return hasVia(id, 'link') end
  return (state == 'guest') == isGuest(r)
end

-- Returns the smallest index that contains every match, and the size of this index. Returns nil when no filter has an
-- index.
local function smallestIndex()
  local found, size
  local function consider(set)
    local members = call('ZCARD', set)
    if not size or members < size then found, size = set, members end
  end
  if userId ~= '' then consider(userSet(userId)) end
  if kind == 'rest' then consider(app .. 'rest') end
  if via == 'link' or via == 'token' then consider(app .. via) end
  local ofState = { guest = 'guests', user = 'users', invalidated = 'invalidated', restored = 'link' }
  if state ~= '' then consider(app .. ofState[state]) end
  return found, size
end

-- Returns how many index members sort before this value and id. With "including", also counts the member itself.
local function rankOf(set, value, id, including)
  local low, high = 0, call('ZCARD', set)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local member = call('ZRANGE', set, middle, middle, 'WITHSCORES')
    local score = tonumber(member[2])
    local isBefore = member[1] < id or (including and member[1] == id)
    if score < value or (score == value and isBefore) then low = middle + 1 else high = middle end
  end
  return low
end

-- The ids that have no record. The script removes them from the indexes after the iteration.
local missing = {}

local function listed(id)
  local r = readRecord(id)
  if not r then missing[#missing + 1] = id end
  return r and isListed(id, r) and r or nil
end
`

// Reads one batch of a list. The answer begins with the sort value and the id after which the next batch starts. Both
// are '' at the end of the list. The sort value, id, record and storage of each match follow.
const LIST = script(
  `${FILTERS}
local sort, isDescending, wanted = ARGV[6], ARGV[7] == 'desc', tonumber(ARGV[8])
local afterValue, afterId = tonumber(ARGV[9]), ARGV[10]
local rows, stopped = {}, nil

local function sortValue(r)
  if sort == 'created' then return r.startTime or 0 end
  if sort == 'seen' then return r.lastAccessTime or 0 end
  return r.ends
end

local function comesBefore(a, b)
  if a.value ~= b.value then return (a.value < b.value) ~= isDescending end
  return a.id ~= b.id and (a.id < b.id) ~= isDescending
end

-- Reads all members of a small index, and sorts the matches.
local function gather(set)
  local after = afterValue and { value = afterValue, id = afterId }
  for _, id in ipairs(call('ZRANGE', set, 0, -1)) do
    local r = listed(id)
    local row = r and { value = sortValue(r), id = id }
    if row and (not after or comesBefore(after, row)) then rows[#rows + 1] = row end
  end
  table.sort(rows, comesBefore)
end

-- Reads the index that has the sort order of the list, until there are enough matches or the batch ends.
local function walk(set)
  local first = afterValue and rankOf(set, afterValue, afterId, not isDescending) or 0
  if afterValue and isDescending then first = call('ZCARD', set) - first end
  local command = isDescending and 'ZREVRANGE' or 'ZRANGE'
  for from = first, first + BATCH - 1, 100 do
    local members = call(command, set, from, from + 99, 'WITHSCORES')
    for n = 1, #members, 2 do
      local id, value = members[n], tonumber(members[n + 1])
      if listed(id) then rows[#rows + 1] = { value = value, id = id } end
      if #rows == wanted then return end
      stopped = { value = value, id = id }
    end
    if #members < 200 then
      stopped = nil
      return
    end
  end
end

local set, size = smallestIndex()
if set and size <= BATCH then gather(set) else walk(app .. sort) end
dropMissing(missing, set or app .. sort)
local answer = { stopped and digits(stopped.value) or '', stopped and stopped.id or '' }
for n = 1, math.min(#rows, wanted) do
  local found = call('HMGET', sessionKey(rows[n].id), 'r', 's')
  for _, part in ipairs({ digits(rows[n].value), rows[n].id, found[1], found[2] }) do answer[#answer + 1] = part end
end
return answer
`,
)

// Counts the matches in one batch. Returns the number of matches, and the value and id after which the next batch
// starts. If "all" is set, returns the number of indexed records instead, and '1' if heal() has removed ids. After '1',
// the caller counts again, because heal() checks only a sample.
const COUNT = script(
  `${FILTERS}
local afterValue, afterId, all = tonumber(ARGV[6]), ARGV[7], ARGV[8] == '1'
-- The indexes still contain the marked sessions.
if call('HGET', app .. 'mark', 'state') == 'ended' then error('ENDING') end
if not afterValue then
  local healed = heal(userId == '' and app .. 'end' or userSet(userId), now) > 0
  if all then return { digits(call('ZCARD', app .. 'end')), healed and '1' or '', '' } end
end

local function unexpired(set) return call('ZCOUNT', app .. set, '(' .. digits(now), '+inf') end

-- Returns the count, or nil when it cannot be computed from the indexes alone.
local function countFromIndexes()
  local filters = 0
  for _, filter in ipairs({ userId, kind, state, via }) do filters = filters + (filter == '' and 0 or 1) end
  if filters == 0 then return unexpired('end') end
  if filters > 1 then return nil end
  if userId ~= '' then return unexpired('user:' .. userId) end
  if kind == 'rest' then return unexpired('rest') end
  if kind == 'web' then return unexpired('end') - unexpired('rest') end
  if state == 'user' then return unexpired('users') end
  if state == 'guest' then return unexpired('end') - unexpired('users') - unexpired('invalidated') end
  if state == 'invalidated' then return unexpired('invalidated') end
  if state == 'restored' or via == 'link' then return unexpired('link') end
  if via == 'token' then return unexpired('token') end
  return nil
end

local known = countFromIndexes()
if known then return { digits(known), '', '' } end

local set = smallestIndex() or app .. 'end'
local from = afterValue and rankOf(set, afterValue, afterId, true) or 0
local members = call('ZRANGE', set, from, from + BATCH - 1, 'WITHSCORES')
local found = 0
for n = 1, #members, 2 do
  if listed(members[n]) then found = found + 1 end
end
dropMissing(missing, set)
if #members < 2 * BATCH then return { digits(found), '', '' } end
return { digits(found), members[#members], members[#members - 1] }
`,
)

export async function listPage(run: RunScript, { app, filter, page, now }: CallOf<'list'>): Promise<ListPage> {
  const { sort = 'created', direction = 'desc', size = 50, after } = page
  const found: { value: number; id: string; text: string; storage: string }[] = []
  let [value, id] = after ? [String(after.value), after.id] : ['', '']
  do {
    const wanted = size + 1 - found.length
    const answer = await run(LIST, app, now, ...filterTexts(filter), sort, direction, wanted, value, id)
    const [nextValue = '', nextId = '', ...parts] = answer as string[]
    for (let n = 0; n < parts.length; n += 4) {
      const [value, id, text, storage] = parts.slice(n, n + 4) as [string, string, string, string]
      found.push({ value: Number(value), id, text, storage })
    }
    value = nextValue
    id = nextId
  } while (value !== '' && found.length <= size)
  const shown = found.slice(0, size)
  const last = shown.at(-1)
  const sessions = shown.map(({ id, text, storage }) => recordFrom(id, text, storage))
  return found.length > size && last ? { sessions, next: { value: last.value, id: last.id } } : { sessions }
}

export async function countListed(run: RunScript, call: CallOf<'count'>): Promise<number> {
  return Object.keys(call.filter).length === 0 ? countAll(run, call) : countMatching(run, call)
}

async function countAll(run: RunScript, { app, now }: CallOf<'count'>): Promise<number> {
  for (;;) {
    const [found, healed] = (await run(COUNT, app, now, ...filterTexts({}), '', '', '1')) as string[]
    if (healed === '') return Number(found)
  }
}

async function countMatching(run: RunScript, { app, filter, now }: CallOf<'count'>): Promise<number> {
  let [count, value, id] = [0, '', '']
  do {
    const answer = await run(COUNT, app, now, ...filterTexts(filter), value, id, '0')
    const [found, nextValue = '', nextId = ''] = answer as string[]
    count += Number(found)
    value = nextValue
    id = nextId
  } while (value !== '')
  return count
}

function filterTexts({ userId, kind, state, via }: ListFilter): string[] {
  return [userId === undefined ? '' : JSON.stringify(userId), kind ?? '', state ?? '', via ?? '']
}
