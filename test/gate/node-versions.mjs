import { nodeRelease } from '../support/node-releases.ts'
import { headline } from './run-program.mjs'
import { runUnitTests } from './unit-tests.mjs'

// The oldest supported version, and the newest. The Node of this process runs all other tests.
const VERSIONS = ['22.18.0', '26.10.0']

/**
 * Runs the tests of the session layer, a start and a login on other versions of Node. Returns how many tests passed.
 */
export async function testNodeVersions({ layer, start }) {
  let passed = 0
  for (const version of VERSIONS) {
    headline(`Node ${version}: the layer, a start and a login`)
    const options = { stores: 'embedded', node: await nodeRelease(version), title: `Node ${version}` }
    passed += await runUnitTests([...layer, ...start], options)
  }
  return passed
}
