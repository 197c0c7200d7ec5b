// npm run session:registry: writes registry.json, from which `npx shadcn build` makes the items that shadcn can add.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { projectRoot } from '../../src/config/project-root.ts'
import { LAYER, readLayer } from './layer-files.ts'
import { REGISTRY, registryText } from './registry.ts'

writeFileSync(join(projectRoot(), REGISTRY), registryText(readLayer(join(projectRoot(), LAYER))))
