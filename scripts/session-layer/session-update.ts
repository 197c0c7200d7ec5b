// npm run session:update: brings a copy of the session layer to the version of this project, and keeps local edits.
import { cpSync, existsSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { projectRoot } from '../../src/config/project-root.ts'
import { StartError } from '../../src/config/start-error.ts'
import { newEntries } from './changelog.ts'
import { copiedFiles, handCopiedFiles } from './copied-files.ts'
import { type CopyRecord, inferOptions, RECORD, readRecord, recordText } from './copied-from.ts'
import { type CopyOptions, readCommandLine } from './copy-options.ts'
import { recoverFolder, replaceFolder } from './folder-replacement.ts'
import { closestLayer, commitOf, isBehind, namedLayer, recordedLayer } from './history.ts'
import {
  blobIds,
  contentHash,
  LAYER,
  type LayerFiles,
  lineEndingOf,
  readLayer,
  refuseNoCopy,
  versionOf,
  writeLayer,
} from './layer-files.ts'
import { runScript } from './run-script.ts'
import { type Merged, mergeThreeWay, type Versions } from './three-way-merge.ts'

const USAGE =
  'npm run session:update -- <folder> [--from <version or commit>] [--conflicts]\n' +
  '--stores, --framework, --imports and --testing change what the copy contains, as in session:copy.'

await runScript(() => {
  const layer = readLayer(join(projectRoot(), LAYER))
  const { folder: name, options: given, from, conflicts } = readCommandLine(process.argv.slice(2), layer, USAGE)
  const folder = copyAt(name)
  const record = readRecord(folder)
  const before = record?.options ?? inferOptions(folder)
  const options: CopyOptions = { ...before, ...given }
  const hash = contentHash(blobIds(layer))
  const own = readLayer(folder)
  refuseMarkers(folder, own)
  if (record?.hash === hash && isSame(before, options))
    return console.log(`${folder} is up to date: version ${versionOf(layer)}.`)

  const old = oldLayer(own, record, from)
  const base = record === undefined ? handCopiedFiles(old, own, before) : copiedFiles(old, before)
  const versions = { base, own, next: copiedFiles(layer, options) }
  console.log(`${folder}: from version ${versionOf(old)} to version ${versionOf(layer)}\n`)
  printChangelog(old, layer)
  const merged = mergeThreeWay(versions)
  if (merged.conflicts.length > 0 && !conflicts) throw new StartError(conflictText(merged, versions))

  const commit = commitOf(projectRoot(), hash)
  replaceFolder(folder, (staged) => {
    cpSync(folder, staged, { recursive: true, verbatimSymlinks: true, preserveTimestamps: true })
    apply(staged, own, merged.files)
    writeFileSync(join(staged, RECORD), recordText({ version: versionOf(layer), commit, hash, options }))
  })
  printResult(merged, versions)
})

function copyAt(name: string): string {
  const folder = resolve(process.env.INIT_CWD ?? '.', name)
  recoverFolder(folder)
  refuseNoCopy(folder)
  if (!existsSync(folder)) throw new StartError(`${folder} does not exist. To make a copy, run: npm run session:copy`)
  return realpathSync(folder)
}

function oldLayer(own: LayerFiles, record: CopyRecord | undefined, from: string | undefined): LayerFiles {
  if (from !== undefined) return namedLayer(projectRoot(), from)
  if (record === undefined) return closestLayer(projectRoot(), own)
  if (record.commit !== undefined && isBehind(projectRoot(), record.commit))
    throw new StartError(`This clone is older than the copy, which is of version ${record.version}. Run: git pull`)
  return recordedLayer(projectRoot(), record)
}

function refuseMarkers(folder: string, own: LayerFiles): void {
  const marked = [...own].filter(([, text]) => /^<{7} [\s\S]+^>{7} /m.test(text)).map(([path]) => path)
  if (marked.length > 0)
    throw new StartError(`Resolve the conflicts of the last update in ${folder} first:\n${listOf(marked)}`)
}

function isSame(one: CopyOptions, other: CopyOptions): boolean {
  const text = ({ frameworks, stores, imports, testing }: CopyOptions) =>
    JSON.stringify([[...frameworks].sort(), [...stores].sort(), imports, testing])
  return text(one) === text(other)
}

function printChangelog(old: LayerFiles, next: LayerFiles): void {
  const { security, others } = newEntries(old.get('CHANGELOG.md') ?? '', next.get('CHANGELOG.md') ?? '')
  for (const { version, text } of [...security, ...others]) console.log(`${version} ${text}`)
  console.log('')
}

function conflictText({ conflicts }: Merged, { next }: Versions): string {
  const line = (path: string) =>
    next.has(path) ? path : `${path} (edited in the copy, and removed in the new version)`
  return (
    `Your edits and the new version change the same lines. Nothing was written.\n${listOf(conflicts.map(line))}\n` +
    'To get the update with conflict markers in these files, run the command again with --conflicts.'
  )
}

/** Writes the files that the merge changed, and removes those that the merge removed. */
function apply(staged: string, own: LayerFiles, merged: LayerFiles): void {
  const changed = new Map([...merged].filter(([path, text]) => own.get(path) !== text))
  writeLayer(staged, changed, lineEndingOf(staged))
  for (const path of own.keys()) if (!merged.has(path)) rmSync(join(staged, path))
}

function printResult({ files, conflicts, leftOut }: Merged, { base, own }: Versions): void {
  const added = [...files.keys()].filter((path) => !own.has(path))
  const changed = [...files].filter(([path, text]) => own.has(path) && own.get(path) !== text)
  const removed = [...own.keys()].filter((path) => !files.has(path))
  const edited = [...own].filter(([path, text]) => base.has(path) && base.get(path) !== text).map(([path]) => path)
  console.log(`Files: ${changed.length} changed, ${added.length} added, ${removed.length} removed.`)
  if (edited.length > 0) console.log(`Your edits of these files were kept:\n${listOf(edited)}`)
  if (leftOut.length > 0) console.log(`These files changed, but you had deleted them:\n${listOf(leftOut)}`)
  if (conflicts.length > 0) console.log(`Resolve the conflicts in these files:\n${listOf(conflicts)}`)
}

function listOf(paths: readonly string[]): string {
  return paths.map((path) => `  ${path}`).join('\n')
}
