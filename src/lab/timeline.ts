import { formatCount } from '../web/format.ts'
import type { SentRequest } from './browser.ts'

/** The requests of a run as a picture. All lengths are in units of the picture, whose width is `WIDTH`. */
export interface Timeline {
  width: number
  height: number
  heads: { y: number; text: string }[]
  bars: { y: number; x: number; width: number; label: string; isRefused: boolean; setsCookie: boolean }[]
}

/** A request as a row of the table behind the picture. */
export interface RequestRow {
  who: string
  request: string
  time: string
  answer: string
}

const WIDTH = 340
const BARS_FROM = 142
// Leaves room for the mark of a cookie behind the last bar.
const BARS_UNTIL = WIDTH - 12
const HEAD_HEIGHT = 20
const ROW_HEIGHT = 16
const LEAST_BAR = 3

export function timelineOf(requests: readonly SentRequest[]): Timeline {
  const begin = Math.min(...requests.map(({ from }) => from))
  const end = Math.max(...requests.map(({ until }) => until))
  const place = (time: number) => Math.round(BARS_FROM + ((time - begin) / (end - begin)) * (BARS_UNTIL - BARS_FROM))
  const timeline: Timeline = { width: WIDTH, height: 0, heads: [], bars: [] }
  let who = ''
  let clock = requests[0]?.clock ?? 0
  for (const { status, cookie, ...request } of requests) {
    const later = describeLater(request.clock - clock)
    if (laneOf(request.who) !== who || later !== '') {
      who = laneOf(request.who)
      clock = request.clock
      timeline.height += HEAD_HEIGHT
      timeline.heads.push({ y: timeline.height - 6, text: `${who}${later}` })
    }
    const x = place(request.from)
    const width = Math.max(LEAST_BAR, place(request.until) - x)
    const label = `${describe(request)} ${status}`
    timeline.bars.push({
      y: timeline.height,
      x,
      width,
      label,
      isRefused: status >= 400,
      setsCookie: cookie === 'set',
    })
    timeline.height += ROW_HEIGHT
  }
  timeline.height += 4
  return timeline
}

export function requestRows(requests: readonly SentRequest[]): RequestRow[] {
  const start = requests[0]?.clock ?? 0
  return requests.map(({ who, method, path, from, until, status, cookie, shown, clock }) => ({
    who,
    request: describe({ method, path }),
    time: `${from.toFixed(1)} to ${until.toFixed(1)} ms${describeLater(clock - start)}`,
    answer: [
      status >= 400 ? `${status}, refused` : `${status} for ${shown.user ?? 'a guest'}`,
      ...(cookie === '' ? [] : [cookie === 'set' ? 'sets a cookie' : 'clears the cookie']),
    ].join(', '),
  }))
}

/** Describes how far the run has moved the clock. */
function describeLater(milliseconds: number): string {
  return milliseconds === 0 ? '' : `, ${formatCount(milliseconds / 60_000, 'minute', 'minutes')} later`
}

/** Twenty browsers that open a link share the lane "Browsers". */
function laneOf(who: string): string {
  return who.startsWith('Browser ') ? 'Browsers' : who
}

/** Names the request without the token or the session ID in its address. */
function describe({ method, path }: Pick<SentRequest, 'method' | 'path'>): string {
  const [page = '', query = ''] = path.replace(/;[^?]*/, '').split('?')
  const values = new URLSearchParams(query)
  return [method, page, values.get('note') ?? values.get('user')].filter(Boolean).join(' ')
}
