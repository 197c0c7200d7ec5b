export { answersJson, CALLBACK_PATH, callbackPages, REST_CALLBACK_PATH, tokenInAddress } from './callbacks.ts'
export { operationPages } from './operation-pages.ts'
export { PlatformAddress } from './platform-address.ts'
export { waitingApprovals } from './waiting-approvals.ts'
