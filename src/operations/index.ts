export { answersJson, CALLBACK_PATH, callbackPages, REST_CALLBACK_PATH, tokenInAddress } from './callbacks.ts'
export { operationPages } from './operation-pages.ts'
export type { OperationParts } from './operation-parts.ts'
export { PlatformAddress } from './platform-address.ts'
