export { startFleet } from './start-fleet.ts'
