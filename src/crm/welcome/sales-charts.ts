import { type BarChart, barChart } from '../../charts/bar-chart.ts'
import { type ColumnChart, columnChart } from '../../charts/column-chart.ts'
import { formatCompactMoney, formatMonth, formatMonthName, formatShare, formatWholeMoney } from '../../web/format.ts'
import type { SalesFigures } from './sales-figures.ts'

/** `point` is the sentence that says what the chart shows, also to users who do not see it. */
export interface SalesCharts {
  byMonth: { point: string; chart: ColumnChart; rows: { month: string; amount: string }[] }
  byCustomer: {
    point: string
    chart: BarChart
    rows: { href: string; name: string; amount: string; share: string }[]
  }
}

/** Returns `undefined` if there were no purchases in the twelve months. */
export function salesCharts({ months, customers }: SalesFigures): SalesCharts | undefined {
  const total = months.reduce((sum, { amount }) => sum + amount, 0)
  const best = months.reduce((one, other) => (other.amount > one.amount ? other : one))
  const byMonth = columnChart(columnsOf(months), formatCompactMoney)
  const byCustomer = barChart(
    customers.map(({ name, amount }) => ({ name, value: amount })),
    formatWholeMoney,
  )
  const [first] = customers
  if (byMonth === undefined || byCustomer === undefined || first === undefined) return undefined
  const shareOf = (amount: number) => formatShare(amount / total)
  return {
    byMonth: {
      point: `${formatWholeMoney(total)} in twelve months. The best month was ${formatMonth(best.month)} with ${formatWholeMoney(best.amount)}.`,
      chart: byMonth,
      rows: months
        .map(({ month, amount }, index) => ({
          month: index === months.length - 1 ? `${formatMonth(month)}, so far` : formatMonth(month),
          amount: formatWholeMoney(amount),
        }))
        .reverse(),
    },
    byCustomer: {
      point: `${first.name} bought most: ${formatWholeMoney(first.amount)}, or ${shareOf(first.amount)} of all purchases.`,
      chart: byCustomer,
      rows: customers.map(({ id, name, amount }) => ({
        href: `/customers/${id}`,
        name,
        amount: formatWholeMoney(amount),
        share: shareOf(amount),
      })),
    },
  }
}

function columnsOf(months: SalesFigures['months']) {
  const january = months.findIndex(({ month }) => month.endsWith('-01'))
  const last = months.length - 1
  // On a narrow screen, two texts beside each other in the second line would overlap.
  const secondOf = (index: number, month: string) => {
    if (index === january || (index === 0 && january !== 1)) return month.slice(0, 4)
    return index === last && january !== last - 1 ? 'so far' : ''
  }
  return months.map(({ month, amount }, index) => ({
    value: amount,
    label: formatMonthName(month),
    second: secondOf(index, month),
    isOpen: index === last,
  }))
}
