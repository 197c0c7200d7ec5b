import bcrypt from 'bcryptjs'

// With a higher cost, a damaged hash could take days to verify. `BCRYPT_COST` has the same limit.
const HIGHEST_COST = 16

/** Whether `verify` can compare a password with this hash. A damaged hash matches no password. */
export function isPasswordHash(hash: string): boolean {
  return /^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$/.test(hash) && costOf(hash) >= 4 && costOf(hash) <= HIGHEST_COST
}

export function costOf(hash: string): number {
  return Number(hash.slice(4, 6))
}

/** Returns a hash that matches no password and takes as long to verify as any other hash of this cost. */
export function dummyHash(cost: number): string {
  return bcrypt.genSaltSync(cost) + '.'.repeat(31)
}
