import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { StartError } from '../../src/config/start-error.ts'
import type { CopyRecord } from './copied-from.ts'
import { git, linesOf } from './git.ts'
import { belongsToLayer, blobIds, contentHash, LAYER, type LayerFiles, readLayer, versionOf } from './layer-files.ts'

/** The commit of HEAD, if it contains exactly the layer with this hash. */
export function commitOf(root: string, hash: string): string | undefined {
  const head = git(root, ['rev-parse', 'HEAD'])?.trim()
  return head !== undefined && hashAt(root, head) === hash ? head : undefined
}

/** Whether the commit contains the HEAD of this clone and is newer. */
export function isBehind(root: string, commit: string): boolean {
  const head = git(root, ['rev-parse', 'HEAD'])?.trim()
  return head !== commit && git(root, ['merge-base', '--is-ancestor', 'HEAD', commit]) !== undefined
}

/** The layer at the commit of the record, or at another commit with the same content. */
export function recordedLayer(root: string, { version, commit, hash }: CopyRecord): LayerFiles {
  const commits = [...(commit === undefined ? [] : [commit]), ...commitsOfLayer(root)]
  const found = commits.find((one) => hashAt(root, one) === hash)
  if (found !== undefined) return layerAt(root, found)
  throw new StartError(
    `The copy is of version ${version}${commit === undefined ? '' : `, commit ${commit.slice(0, 10)}`}. ${missing(root)}`,
  )
}

/** The layer at a commit, or at the last commit of a version. */
export function namedLayer(root: string, name: string): LayerFiles {
  const isVersion = /^\d+\.\d+\.\d+$/.test(name)
  const commit = isVersion
    ? commitsOfLayer(root).find((one) => versionOf(changelogAt(root, one)) === name)
    : git(root, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${name}^{commit}`])?.trim()
  if (commit !== undefined && blobsAt(root, commit).size > 0) return layerAt(root, commit)
  throw new StartError(`--from ${name}: no ${isVersion ? 'version' : 'commit'} of this name. ${missing(root)}`)
}

/** The layer at the newest of the commits that have the most files in common with the folder. */
export function closestLayer(root: string, folder: LayerFiles): LayerFiles {
  const ids = blobIds(folder)
  let closest: { commit: string; common: number } | undefined
  for (const commit of commitsOfLayer(root)) {
    const blobs = blobsAt(root, commit)
    const common = [...ids].filter(([path, id]) => blobs.get(path) === id).length
    if (common > (closest?.common ?? 0)) closest = { commit, common }
  }
  if (closest !== undefined) return layerAt(root, closest.commit)
  throw new StartError(
    `The folder has no file .copied-from and resembles no version of the layer. ${missing(root)} ` +
      'Or name its version: --from <version or commit>.',
  )
}

function missing(root: string): string {
  const isShallow = git(root, ['rev-parse', '--is-shallow-repository'])?.trim()
  if (isShallow === undefined) return 'Its files are not at hand, because this project is no git clone. Clone it.'
  if (isShallow === 'true')
    return 'Its files are not at hand, because this clone is shallow. Run: git fetch --unshallow'
  return 'Its files are in no commit of this clone. Run: git fetch --all'
}

/** All commits that changed the layer, newest first. */
function commitsOfLayer(root: string): string[] {
  return linesOf(git(root, ['rev-list', '--all', 'HEAD', '--', LAYER]))
}

function hashAt(root: string, commit: string): string {
  return contentHash(blobsAt(root, commit))
}

function blobsAt(root: string, commit: string): ReadonlyMap<string, string> {
  const entries = git(root, ['ls-tree', '-r', '-z', `${commit}:${LAYER}`])?.split('\0') ?? []
  return new Map(
    entries.flatMap((entry) => {
      const [, id, path] = /^\d+ blob (\w+)\t(.+)$/.exec(entry) ?? []
      return id !== undefined && path !== undefined && belongsToLayer(path) ? [[path, id]] : []
    }),
  )
}

function changelogAt(root: string, commit: string): LayerFiles {
  return new Map([['CHANGELOG.md', git(root, ['show', `${commit}:${LAYER}/CHANGELOG.md`]) ?? '']])
}

function layerAt(root: string, commit: string): LayerFiles {
  const folder = mkdtempSync(join(tmpdir(), 'session-layer-'))
  try {
    // A separate index, so that the clone's own index and files stay as they are.
    const index = { GIT_INDEX_FILE: join(folder, 'index') }
    git(root, ['read-tree', `${commit}:${LAYER}`], index)
    git(root, ['checkout-index', '--all', `--prefix=${join(folder, 'files').replaceAll(sep, '/')}/`], index)
    return readLayer(join(folder, 'files'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
