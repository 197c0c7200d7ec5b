import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { projectRoot } from '../../src/config/project-root.ts'
import { measureAccess, ROLES } from '../support/access-matrix.ts'
import { accessTable, isOfApi } from '../support/access-table.ts'
import { startDemo } from '../support/demo.ts'

const FILE = join(projectRoot(), 'docs', 'security.md')
const MARKED = /(<!-- access matrix: begin -->\n)[\s\S]*(\n<!-- access matrix: end -->)/

test('[ROUTE-5] [ROUTE-6] each route answers each caller as docs/security.md says, and HEAD has the status of GET', async (t) => {
  const rows = await measureAccess(await startDemo(t, { publicUrl: 'https://localhost', deviceBindingMinutes: 10 }))
  for (const row of rows) {
    const ignored = isOfApi(row) ? (['cookie', 'link'] as const) : (['token', 'read-only token'] as const)
    for (const role of ROLES)
      for (const way of ignored)
        assert.equal(row.answers[role][way], row.nobody, `${row.method} ${row.path} ignores the ${way} of the ${role}`)
  }

  const text = readFileSync(FILE, 'utf8')
  const written = text.replace(MARKED, (_, begin: string, end: string) => begin + accessTable(rows) + end)
  if (process.env.UPDATE_ACCESS_MATRIX === '1') writeFileSync(FILE, written)
  else assert.equal(text, written, 'If the change is right, run UPDATE_ACCESS_MATRIX=1 npm test -- access-matrix.')
})
