export { type Tour, tour } from './tour.ts'
