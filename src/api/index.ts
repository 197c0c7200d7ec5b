export { createApi } from './create-api.ts'
export { apiDocsPage } from './docs.ts'
