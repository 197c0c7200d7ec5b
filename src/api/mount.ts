export const MOUNT = '/api'
