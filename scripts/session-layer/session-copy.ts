// npm run session:copy: copies the session layer into the folder of an application, and prints the first lines to write.
import { existsSync, readdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { projectRoot } from '../../src/config/project-root.ts'
import { StartError } from '../../src/config/start-error.ts'
import { copiedFiles } from './copied-files.ts'
import { RECORD, recordText } from './copied-from.ts'
import { type CopyOptions, frameworksOf, readCommandLine, storesOf } from './copy-options.ts'
import { firstLines } from './first-lines.ts'
import { replaceFolder } from './folder-replacement.ts'
import { commitOf } from './history.ts'
import { blobIds, contentHash, LAYER, readLayer, refuseNoCopy, versionOf, writeLayer } from './layer-files.ts'
import { runScript } from './run-script.ts'

await runScript(() => {
  const layer = readLayer(join(projectRoot(), LAYER))
  const usage =
    'npm run session:copy -- <folder> --framework <name> --stores <names> [--imports ts|js|none] [--testing]\n' +
    `Frameworks: ${frameworksOf(layer).join(', ')}. Stores, with commas between them: ${storesOf(layer).join(', ')}.\n` +
    'Imports end in .ts (for Node itself, or rewriteRelativeImportExtensions), in .js, or in nothing (for bundlers).'
  const { options: given, folder: argument } = readCommandLine(process.argv.slice(2), layer, usage)
  const { frameworks, stores, imports = 'ts', testing = false } = given
  if (frameworks === undefined || stores === undefined) throw new StartError(usage)
  const options: CopyOptions = { frameworks, stores, imports, testing }
  const named = resolve(process.env.INIT_CWD ?? '.', argument)
  const folder = existsSync(named) ? realpathSync(named) : named // A symbolic link to an empty folder stays.
  refuseNoCopy(folder)
  refuseUsed(folder)

  const files = copiedFiles(layer, options)
  const hash = contentHash(blobIds(layer))
  const commit = commitOf(projectRoot(), hash)
  replaceFolder(folder, (staged) => {
    writeLayer(staged, files)
    writeFileSync(join(staged, RECORD), recordText({ version: versionOf(layer), commit, hash, options }))
  })
  console.log(`Copied ${files.size} files of version ${versionOf(layer)} to ${folder}.`)
  if (commit === undefined)
    console.log(
      'No commit contains exactly these files, because src/session has changes or this project is no git clone. ' +
        'session:update finds their version only after they are committed.',
    )
  for (const { name, page, lines } of firstLines(folder, options))
    console.log(`\nThe first lines of a file beside the folder, for ${name} (more in ${page}):\n\n${lines}`)
})

function refuseUsed(folder: string): void {
  if (existsSync(folder) && readdirSync(folder).length > 0)
    throw new StartError(
      `${folder} exists and is not empty. To update a copy, run: npm run session:update -- ${folder}`,
    )
}
