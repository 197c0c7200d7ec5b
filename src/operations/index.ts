export { answersJson, CALLBACK_PATH, callbackPages, REST_CALLBACK_PATH, tokenInAddress } from './callbacks.js'
export { operationPages } from './operation-pages.js'
export type { OperationParts } from './operation-parts.js'
export { PlatformAddress } from './platform-address.js'
