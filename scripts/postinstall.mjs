// Part of npm ci, so that every later command works offline: brings a newer Node along where the installed one is too old.
import { downloadedNode, downloadNode } from './install-node.mjs'
import { isNewEnough, nodeDirections } from './node-version.mjs'

const { version } = process
if (!isNewEnough(version) && !downloadedNode() && !downloadNode()) console.log(nodeDirections(version))
