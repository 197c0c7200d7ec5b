export { LabLimit } from './lab-limit.ts'
export { labPages } from './lab-pages.ts'
