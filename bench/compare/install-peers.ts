import { fileURLToPath } from 'node:url'
import { installAside } from '../../scripts/install-aside.ts'

/** Copies the servers of the libraries to a temporary folder and installs the libraries there. Returns the folder. */
export function installPeers(): string {
  return installAside(fileURLToPath(new URL('peers', import.meta.url)))
}
