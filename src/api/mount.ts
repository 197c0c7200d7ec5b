/** Where the API is. */
export const MOUNT = '/api'
