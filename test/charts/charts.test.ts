import assert from 'node:assert/strict'
import test from 'node:test'
import { barChart } from '../../src/charts/bar-chart.ts'
import { columnChart } from '../../src/charts/column-chart.ts'
import { roundScale } from '../../src/charts/scale.ts'
import { shortened } from '../../src/charts/text-width.ts'

test('[CHART-1] the axis has at most four steps, all round, and holds the largest value', () => {
  for (const largest of [1, 3, 7, 99, 100, 101, 1_234, 23_980_600, 2_147_483_647, 9e14]) {
    const { end, ticks } = roundScale(largest)
    assert.ok(end >= largest && end < largest * 2, `${largest}: ${end}`)
    assert.ok(ticks.length >= 3 && ticks.length <= 5, `${largest}: ${ticks}`)
    assert.match(String(ticks[1]), /^0?\.?(1|2|25|5)0*$/)
    assert.equal(ticks.at(-1), end)
  }
})

test('[CHART-3] a column is as high as its value, an empty month has no column, and a tiny value still has one', () => {
  const values = [0, 50, 100, 0.001, -20]
  const chart = columnChart(values.map(columnOf), String) ?? assert.fail('there is a chart')
  const heights = chart.columns.map(({ height }) => height)
  assert.deepEqual([heights[0], heights[4]], [0, 0])
  assert.equal(heights[3], 1)
  assert.equal(heights[2], 2 * Number(heights[1]))
  for (const { y, height } of chart.columns) assert.equal(y + height, chart.gridlines[0]?.y)
  const top = chart.gridlines.at(-1)
  assert.ok(top && top.y <= Number(chart.columns[2]?.y), 'the highest column is below the end of the axis')
  assert.equal(chart.peak.label, '100')
  assert.equal(chart.columns.at(-1)?.isMinor, false)
})

test('[CHART-2] all columns lie within the width, and only the heights are in pixels', () => {
  const chart = columnChart(
    Array.from({ length: 12 }, (_, index) => columnOf(index)),
    String,
  )
  for (const { x, width, middle } of chart?.columns ?? assert.fail()) {
    for (const length of [x, width, middle]) assert.match(length, /^\d+(\.\d+)?%$/)
    assert.ok(Number.parseFloat(x) >= 15 && Number.parseFloat(x) + Number.parseFloat(width) <= 100)
  }
  assert.equal(chart?.peak.anchor, 'end', 'the label of the last column does not leave the chart')
})

test('[CHART-3] one very large value leaves the other bars visible, and each bar has its value beside it', () => {
  const chart = barChart(
    [
      { name: 'A', value: 2e9 },
      { name: 'B', value: 1 },
    ],
    (value) => `€${value}`,
  )
  assert.deepEqual(
    chart?.bars.map(({ width, value }) => [width, value]),
    [
      ['66.4%', '€2000000000'],
      ['0.4%', '€1'],
    ],
  )
})

test('[CHART-3] the value behind the longest bar fits on a narrow screen, however large it is', () => {
  const narrow = 309
  for (const text of ['€1', '€81,743', '€10,000,000', '€999,999,999', '€99,999,999,999']) {
    const [bar] = barChart([{ name: 'A', value: 1 }], () => text)?.bars ?? assert.fail()
    const end = (Number.parseFloat(String(bar?.width)) / 100) * narrow + 7 + text.length * 8
    assert.ok(end <= narrow, `${text} ends at ${end}`)
  }
})

test('[CHART-3] without a positive value there is no chart', () => {
  assert.equal(columnChart([0, -1].map(columnOf), String), undefined)
  assert.equal(columnChart([], String), undefined)
  assert.equal(barChart([], String), undefined)
})

test('[CHART-3] a long name is shortened between whole characters, wide letters earlier than narrow ones', () => {
  assert.equal(shortened('Faro Construction S.A.', 20), 'Faro Construction S.A.')
  const [wide, narrow] = ['W', 'i'].map((letter) => shortened(letter.repeat(80), 20).length)
  assert.ok(Number(wide) < 25 && Number(narrow) > 50, `${wide}, ${narrow}`)
  assert.match(shortened('👩‍👩‍👧'.repeat(80), 3), /^(👩‍👩‍👧){3}…$/u)
  assert.equal(shortened('ab cd', 1.6), 'ab…')
})

function columnOf(value: number) {
  return { value, label: '', second: '', isOpen: false }
}
