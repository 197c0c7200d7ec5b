export { startFleet } from './start-fleet.js'
