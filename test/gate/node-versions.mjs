import { nodeRelease } from '../support/node-releases.ts'
import { headline } from './run-program.mjs'
import { runUnitTests } from './unit-tests.mjs'

// The oldest and the newest supported version.
const VERSIONS = ['22.18.0', '26.10.0']

export async function testNodeVersions({ onEveryNode, firstStart }) {
  let passed = 0
  for (const version of VERSIONS) {
    headline(`Node ${version}: stores, adapters, a start and a login`)
    const options = { stores: 'embedded', node: await nodeRelease(version), title: `Node ${version}` }
    passed += await runUnitTests([...onEveryNode, ...firstStart], options)
  }
  return passed
}
