// npm run screenshots: takes the pictures of the documentation. The stories in test/e2e/stories are their source.
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectRoot } from '../../src/config/project-root.ts'
import { readPng, writePng } from './png.ts'

const ROOT = projectRoot()
const TARGET = join(ROOT, 'docs', 'screenshots')
const PLAYWRIGHT = join(ROOT, 'node_modules', '@playwright', 'test', 'cli.js')
const LOOP = [
  'login-1-form',
  'login-2-welcome',
  'email-1-waiting',
  'email-2-mail',
  'email-3-validated',
  'email-5-own-page',
]
const LOOP_MILLISECONDS = 2500

const folder = mkdtempSync(join(tmpdir(), 'crm-pictures-'))
try {
  const stories = [
    'test',
    'test/e2e/stories',
    '--project=desktop',
    '--grep-invert=@variant',
    '--workers=1',
    '--max-failures=1',
    '--reporter=list',
  ]
  const env = { ...process.env, PICTURES: folder, FONTCONFIG_FILE: join(import.meta.dirname, 'fonts.conf') }
  const { status } = spawnSync(process.execPath, [PLAYWRIGHT, ...stories], { cwd: ROOT, env, stdio: 'inherit' })
  if (status === 0) writePictures()
  else
    console.log(
      'No picture was written, because a story failed. The stories need the ports 8044 and 8045, and the Liberation fonts.',
    )
  process.exitCode = status ?? 1
} finally {
  rmSync(folder, { recursive: true, force: true })
}

function writePictures(): void {
  const pictures = new Map(
    readdirSync(folder).map((file) => [file.replace('.png', ''), readPng(readFileSync(join(folder, file)))]),
  )
  const loop = LOOP.map((name) => {
    const picture = pictures.get(name)
    if (picture === undefined) throw new Error(`No story takes the picture ${name}.`)
    return picture
  })
  rmSync(TARGET, { recursive: true, force: true })
  mkdirSync(TARGET, { recursive: true })
  for (const [name, picture] of pictures) writeFileSync(join(TARGET, `${name}.png`), writePng([picture]))
  writeFileSync(join(TARGET, 'loop.png'), writePng(loop, LOOP_MILLISECONDS))
  console.log(`${pictures.size} pictures and the loop of the README are in docs/screenshots.`)
}
