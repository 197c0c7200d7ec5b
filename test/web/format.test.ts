import assert from 'node:assert/strict'
import test from 'node:test'
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatDay,
  formatExactMoment,
  formatExactTime,
  formatLongMoment,
  formatMoment,
  formatMoney,
  formatTime,
  formatTimeLeft,
  formatWholeMoney,
} from '../../src/web/format.ts'

const AT = Date.parse('2026-06-30T14:05:09Z')
const MINUTE = 60_000

test('dates are spelt as Intl spells them in British English', () => {
  const spelling = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeZone: 'UTC' })
  for (const year of ['0987', '2026'])
    for (let month = 1; month <= 12; month++) {
      const date = `${year}-${String(month).padStart(2, '0')}-0${(month % 9) + 1}`
      assert.equal(formatDay(date), spelling.format(new Date(date)))
    }
})

test('dates and times are shown in UTC, in one style', () => {
  assert.equal(formatDay('2026-06-30'), '30 Jun 2026')
  assert.equal(formatMoment(AT), '30 Jun 2026, 14:05 UTC')
  assert.equal(formatMoment(new Date(AT).toISOString()), '30 Jun 2026, 14:05 UTC')
  assert.equal(formatExactMoment(new Date(AT)), '30 Jun 2026, 14:05:09 UTC')
  assert.equal(formatLongMoment(AT), '30 June 2026 at 14:05 UTC')
  assert.equal(formatTime(AT), '14:05 UTC')
  assert.equal(formatExactTime(AT), '14:05:09 UTC')
})

test('durations are shown in minutes, hours and days, and the remaining time is rounded up', () => {
  const ago = (minutes: number) => formatAgo(AT, AT + minutes * MINUTE)
  assert.deepEqual([0.9, 3.9, 60, 680, 1440, 3000].map(ago), [
    'just now',
    '3 min ago',
    '1 h ago',
    '11 h 20 min ago',
    '1 day ago',
    '2 days ago',
  ])
  const left = (minutes: number) => formatTimeLeft(AT + minutes * MINUTE, AT)
  assert.deepEqual([-1, 0, 0.1, 57.5, 119.5].map(left), ['ends now', 'ends now', '1 min', '58 min', '2 h'])
  assert.equal(formatTimeLeft(null, AT), 'no end')
})

test('amounts, counts and sizes are shown in one style', () => {
  assert.equal(formatMoney(123456), '€1,234.56')
  assert.equal(formatWholeMoney(123456), '€1,235')
  assert.equal(formatCount(1234567), '1,234,567')
  assert.equal(formatCount(1, 'customer', 'customers'), '1 customer')
  assert.equal(formatCount(1200, 'customer', 'customers'), '1,200 customers')
  assert.deepEqual([999, 1234].map(formatBytes), ['999 B', '1.2 kB'])
})
