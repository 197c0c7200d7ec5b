import { join } from 'node:path'
import type { NextConfig } from 'next'

// Only this example needs a root: its copy of the session layer is outside of its folder.
const root = join(import.meta.dirname, '../..')

export default { turbopack: { root }, outputFileTracingRoot: root } satisfies NextConfig
