export { measureRequests } from './count-requests.ts'
export { type MetricReport, Metrics, mergeReports } from './metrics.ts'
export { metricsPage } from './metrics-page.ts'
export { timedStore } from './timed-store.ts'
