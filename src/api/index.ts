export { answerErrors } from './answer-errors.ts'
export { createApi } from './create-api.ts'
export { apiDocsPage } from './docs.ts'
export { MOUNT } from './mount.ts'
