import { join } from 'node:path'
import type { NextConfig } from 'next'

const root = join(import.meta.dirname, '../../..')

export default {
  turbopack: { root },
  outputFileTracingRoot: root,
  // The build of the example checks the types of this folder, too.
  typescript: { ignoreBuildErrors: true, tsconfigPath: '../tsconfig.json' },
} satisfies NextConfig
