import type { ListFilter, ListPage, Page } from '../../store.ts'
import { recordFrom } from './lines.ts'
import { COUNT, LIST } from './list-steps.ts'
import type { RunScript } from './scripts.ts'

/** One page of the records that match, in order, after the cursor. */
export async function listPage(
  run: RunScript,
  app: string,
  filter: ListFilter,
  page: Page,
  now: number,
): Promise<ListPage> {
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

export async function countListed(run: RunScript, app: string, filter: ListFilter, now: number): Promise<number> {
  return Object.keys(filter).length === 0 ? countAll(run, app, now) : countMatching(run, app, filter, now)
}

/** Every record that exists. Some that are counted may be gone; as long as such are found, it is counted again. */
async function countAll(run: RunScript, app: string, now: number): Promise<number> {
  for (;;) {
    const [found, healed] = (await run(COUNT, app, now, ...filterTexts({}), '', '', '1')) as string[]
    if (healed === '') return Number(found)
  }
}

async function countMatching(run: RunScript, app: string, filter: ListFilter, now: number): Promise<number> {
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
