export { createPlatform } from './platform-app.js'
export type { PlatformOptions } from './platform-options.js'
