export { default } from '../../app/layout.tsx'
