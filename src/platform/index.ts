export { createPlatform } from './platform-app.ts'
export type { PlatformOptions } from './platform-options.ts'
