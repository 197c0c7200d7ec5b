export { customerPages } from './customer-pages.js'
export { keepTop3, topCustomersOf } from './top-three.js'
export { welcomePage } from './welcome-page.js'
