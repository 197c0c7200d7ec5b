import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DatabaseSetting } from '../../src/config/config-values.ts'
import { createParts } from '../../src/parts/parts.ts'
import { manualClock } from '../../src/session/testing/manual-clock.ts'
import { demoConfig } from './demo.ts'
import { dropTemplates, makeTemplates, templateFile } from './servers/crm-databases.ts'

/** Migrated databases that tests copy. The databases of the demo profile also contain the demo's data. */
export interface CrmTemplates {
  env: Record<string, string>
  drop(): Promise<void>
}

export async function crmTemplatesOnPostgres(): Promise<CrmTemplates> {
  const name = await makeTemplates((beginning, url) => fill(beginning, { kind: 'postgres', url }))
  return { env: { TEST_CRM_TEMPLATES: name }, drop: () => dropTemplates(name) }
}

export async function crmTemplateFiles(): Promise<CrmTemplates> {
  const folder = mkdtempSync(join(tmpdir(), 'crm-templates-'))
  for (const beginning of ['filled', 'empty'] as const)
    await fill(beginning, { kind: 'sqlite', file: templateFile(folder, beginning) })
  return { env: { TEST_CRM_FILES: folder }, drop: async () => rmSync(folder, { recursive: true, force: true }) }
}

async function fill(beginning: 'filled' | 'empty', database: DatabaseSetting): Promise<void> {
  const profile = beginning === 'filled' ? 'demo' : 'production'
  const parts = await createParts(demoConfig({ profile, database, sessions: 'none' }), { clock: manualClock() })
  await parts.close({ endSessions: false })
}
