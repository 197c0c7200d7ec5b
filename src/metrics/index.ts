export { measureRequests } from './count-requests.js'
export { type MetricReport, Metrics, mergeReports } from './metrics.js'
export { metricsPage } from './metrics-page.js'
export { timedStore } from './timed-store.js'
