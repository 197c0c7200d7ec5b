export { createPlatform } from './platform-app.ts'
