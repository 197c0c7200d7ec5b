import type { CallOf, ListFilter, ListPage } from '../../store.ts'
import { type RunScript, script } from './client.ts'
import { recordFrom } from './lines.ts'
import { CREDENTIALS, INDEXES, RECORDS } from './lua-library.ts'

const FILTERS = `
-- So many sessions are looked at in one step, so that others have their turn.
local STEP = 1000

local now, userId, kind, state, via = tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4], ARGV[5]

local function cameBy(id, way)
  for _, c in ipairs(credentialsOf(id)) do
    if c.via == way and c.kind ~= 'otp' then return true end
  end
  return false
end

local function isListed(id, r)
  if now >= r.ends or (userId ~= '' and r.userId ~= userId) or (kind ~= '' and r.kind ~= kind) then return false end
  if via ~= '' and not (r.startTime and cameBy(id, via)) then return false end
  if state == '' then return true end
  if state == 'invalidated' or not r.startTime then return state == classOf(r) end
  if state == 'restored' then return cameBy(id, 'link') end
  return (state == 'guest') == isGuest(r)
end

-- The smallest set that holds all that match; nil when that are all.
local function smallest()
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

-- How many members of a set come before this value and id, which itself counts if so wanted.
local function rankOf(set, value, id, withItself)
  local low, high = 0, call('ZCARD', set)
  while low < high do
    local middle = math.floor((low + high) / 2)
    local member = call('ZRANGE', set, middle, middle, 'WITHSCORES')
    local score = tonumber(member[2])
    local isBefore = member[1] < id or (withItself and member[1] == id)
    if score < value or (score == value and isBefore) then low = middle + 1 else high = middle end
  end
  return low
end

-- Those that are gone are forgotten when all have been looked at.
local gone = {}

local function listed(id)
  local r = readRecord(id)
  if not r then gone[#gone + 1] = id end
  return r and isListed(id, r) and r or nil
end
`

/**
 * One step of a list. Answers where to go on (value and id, both '' at the end), and then value, id, record and storage of each
 * session that matches.
 */
const LIST = script(
  [RECORDS, CREDENTIALS, INDEXES, FILTERS],
  `
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

-- Few: all are looked at, and sorted.
local function gather(set)
  local after = afterValue and { value = afterValue, id = afterId }
  for _, id in ipairs(call('ZRANGE', set, 0, -1)) do
    local r = listed(id)
    local row = r and { value = sortValue(r), id = id }
    if row and (not after or comesBefore(after, row)) then rows[#rows + 1] = row end
  end
  table.sort(rows, comesBefore)
end

-- Many: they are met in order, until there are enough.
local function walk(set)
  local first = afterValue and rankOf(set, afterValue, afterId, not isDescending) or 0
  if afterValue and isDescending then first = call('ZCARD', set) - first end
  local command = isDescending and 'ZREVRANGE' or 'ZRANGE'
  for from = first, first + STEP - 1, 100 do
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

local set, size = smallest()
if set and size <= STEP then gather(set) else walk(app .. sort) end
forgetGone(gone, set or app .. sort)
local answer = { stopped and digits(stopped.value) or '', stopped and stopped.id or '' }
for n = 1, math.min(#rows, wanted) do
  local found = call('HMGET', sessionKey(rows[n].id), 'r', 's')
  for _, part in ipairs({ digits(rows[n].value), rows[n].id, found[1], found[2] }) do answer[#answer + 1] = part end
end
return answer
`,
)

/**
 * One step of a count. Answers how many, and where to go on, as a list does. Without a filter: how many there are, and '1' when some
 * turned out to be gone, so that it is worth asking again.
 */
const COUNT = script(
  [RECORDS, CREDENTIALS, INDEXES, FILTERS],
  `
local afterValue, afterId, all = tonumber(ARGV[6]), ARGV[7], ARGV[8] == '1'
if not afterValue then
  local healed = heal(userId == '' and app .. 'end' or userSet(userId), now) > 0
  if all then return { digits(call('ZCARD', app .. 'end')), healed and '1' or '', '' } end
end

local function notOver(set) return call('ZCOUNT', app .. set, '(' .. digits(now), '+inf') end

-- What a set alone can tell; nil when records have to be looked at.
local function atOnce()
  local asked = 0
  for _, one in ipairs({ userId, kind, state, via }) do asked = asked + (one == '' and 0 or 1) end
  if asked == 0 then return notOver('end') end
  if asked > 1 then return nil end
  if userId ~= '' then return notOver('user:' .. userId) end
  if kind == 'rest' then return notOver('rest') end
  if kind == 'web' then return notOver('end') - notOver('rest') end
  if state == 'user' then return notOver('users') end
  if state == 'guest' then return notOver('end') - notOver('users') - notOver('invalidated') end
  if state == 'invalidated' then return notOver('invalidated') end
  if state == 'restored' or via == 'link' then return notOver('link') end
  if via == 'token' then return notOver('token') end
  return nil
end

local known = atOnce()
if known then return { digits(known), '', '' } end

local set = smallest() or app .. 'end'
local from = afterValue and rankOf(set, afterValue, afterId, true) or 0
local members = call('ZRANGE', set, from, from + STEP - 1, 'WITHSCORES')
local found = 0
for n = 1, #members, 2 do
  if listed(members[n]) then found = found + 1 end
end
forgetGone(gone, set)
if #members < 2 * STEP then return { digits(found), '', '' } end
return { digits(found), members[#members], members[#members - 1] }
`,
)

/** One page of the records that match, in order, after the cursor. */
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

/** Every record that exists. Some that are counted may be gone; as long as such are found, it is counted again. */
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
