import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StartError } from '../../src/config/start-error.ts'
import { git } from './git.ts'
import { type LayerFiles, readLayer, writeLayer } from './layer-files.ts'

export interface Merged {
  /** The merged files. A file with a conflict contains git's conflict markers. */
  files: LayerFiles
  conflicts: readonly string[]
  /** Files that the copy lacks and the new version changes. They stay away. */
  leftOut: readonly string[]
}

export interface Versions {
  base: LayerFiles
  own: LayerFiles
  next: LayerFiles
}

const OWN = 'your-copy'
const NEXT = 'new-version'
const NO_MERGE = 'git could not merge. Install git 2.32 or newer, and try again.'
// The user's own settings do not apply, because hooks and line endings would change the result.
const ENVIRONMENT = {
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_AUTHOR_NAME: 'session:update',
  GIT_AUTHOR_EMAIL: 'session-update@localhost',
  GIT_COMMITTER_NAME: 'session:update',
  GIT_COMMITTER_EMAIL: 'session-update@localhost',
}

/** Merges in a repository of its own, so that the folder of the copy may have uncommitted changes or no repository. */
export function mergeThreeWay({ base, own, next }: Versions): Merged {
  const folder = mkdtempSync(join(tmpdir(), 'session-merge-'))
  const run = (...args: string[]) => git(folder, ['-c', 'merge.directoryRenames=false', ...args], ENVIRONMENT)
  const commit = (files: LayerFiles, branch: string) => {
    run('rm', '-rqf', '--ignore-unmatch', '.')
    writeLayer(folder, files)
    run('add', '--all', '--force')
    if (run('commit', '-q', '--allow-empty', '-m', branch) === undefined) throw new StartError(NO_MERGE)
    run('branch', branch)
  }
  try {
    run('init', '-q')
    commit(base, 'base')
    commit(next, NEXT)
    run('checkout', '-q', 'base')
    commit(own, OWN)
    run('checkout', '-q', OWN)
    const merge = run('merge', '-q', '--no-edit', NEXT)
    const stages = stagesOf(run('ls-files', '--unmerged', '-z'))
    if (merge === undefined && stages.size === 0) throw new StartError(NO_MERGE)
    return resolve(readLayer(folder), stages, base)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The stages of each unmerged file: 1 is the base, 2 the own copy, 3 the new version. */
function stagesOf(unmerged: string | undefined): ReadonlyMap<string, string> {
  const stages = new Map<string, string>()
  for (const entry of (unmerged ?? '').split('\0')) {
    const [, stage = '', path] = /^\d+ \w+ ([123])\t(.+)$/.exec(entry) ?? []
    if (path !== undefined) stages.set(path, (stages.get(path) ?? '') + stage)
  }
  return stages
}

function resolve(merged: LayerFiles, stages: ReadonlyMap<string, string>, base: LayerFiles): Merged {
  const files = new Map(merged)
  const conflicts: string[] = []
  const leftOut: string[] = []
  for (const [path, stage] of stages) {
    const isDeletedInCopy = stage === '13'
    if (!isDeletedInCopy) conflicts.push(path)
    else if (base.has(path)) {
      files.delete(path)
      leftOut.push(path)
    }
  }
  return { files, conflicts, leftOut }
}
