// Runs during `npm ci`. Downloads Node when the installed Node is too old, so that later commands work offline.
import { downloadedNode, downloadNode } from './install-node.mjs'
import { isNewEnough, nodeDirections } from './node-version.mjs'

const { version } = process
if (!isNewEnough(version) && !downloadedNode() && !downloadNode()) console.log(nodeDirections(version))
