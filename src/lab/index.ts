export { LabLimit } from './lab-limit.ts'
export { labPages } from './lab-pages.ts'
export { sandboxPages } from './sandbox/sandbox-pages.ts'
