// For middleware of your own. The index of each framework's folder exports what applications of this framework need.
export { crossOrigin } from './cross-origin.ts'
export { LINK_PARAMETER, REPLACE_PARAMETER, withoutLink } from './link-parameters.ts'
export { safeNext } from './safe-next.ts'
