import { rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { installAside } from '../install-aside.ts'

export const CATEGORIES = { accessibility: 'accessibility', 'best-practices': 'best practices' } as const
export const SCREENS = ['phone', 'desktop'] as const

type Category = keyof typeof CATEGORIES
type Screen = (typeof SCREENS)[number]

export interface Report {
  /** 100 is the best score. */
  scores: Record<Category, number>
  /** What is wrong, and where. */
  faults: string[]
}

/** The parts of Lighthouse's result that this script reads. */
interface Result {
  runtimeError?: { message: string }
  categories: Record<Category, { score: number | null; auditRefs: { id: string; weight: number }[] }>
  audits: Record<string, { title: string; score: number | null; details?: { items?: Item[] } }>
}

interface Item {
  node?: { selector: string }
  description?: string
}

type Run = (url: string, settings: object) => Promise<{ lhr: Result }>

const SCREEN_SETTINGS: Record<Screen, object> = {
  phone: { formFactor: 'mobile' },
  desktop: {
    formFactor: 'desktop',
    screenEmulation: { mobile: false, width: 1280, height: 800, deviceScaleFactor: 1, disabled: false },
  },
}

const SETTINGS = {
  logLevel: 'error',
  onlyCategories: Object.keys(CATEGORIES),
  // These scores need a loaded page, but not a quiet one: the event stream of a page never ends.
  throttlingMethod: 'simulate',
  pauseAfterFcpMs: 0,
  pauseAfterLoadMs: 500,
  networkQuietThresholdMs: 0,
  cpuQuietThresholdMs: 0,
  maxWaitForLoad: 10_000,
  disableFullPageScreenshot: true,
  // The cookies of the signed-in user stay.
  disableStorageReset: true,
}

/** Lighthouse in a temporary folder. The project does not depend on it, because it brings more than 100 packages. */
export class Lighthouse {
  readonly #folder: string
  readonly #run: Run

  private constructor(folder: string, run: Run) {
    this.#folder = folder
    this.#run = run
  }

  static async install(): Promise<Lighthouse> {
    const folder = installAside(fileURLToPath(new URL('tool', import.meta.url)))
    const file = createRequire(join(folder, 'tool', 'package.json')).resolve('lighthouse')
    const { default: run } = (await import(pathToFileURL(file).href)) as { default: Run }
    return new Lighthouse(folder, run)
  }

  /** `port`: the debugging port of a browser that has the cookies. */
  async inspect(url: string, { port, screen }: { port: number; screen: Screen }): Promise<Report> {
    const { lhr } = await this.#run(url, { port, ...SETTINGS, ...SCREEN_SETTINGS[screen] })
    if (lhr.runtimeError) throw new Error(`Lighthouse cannot inspect ${url}: ${lhr.runtimeError.message}`)
    const names = Object.keys(CATEGORIES) as Category[]
    return {
      scores: Object.fromEntries(names.map((name) => [name, Math.round((lhr.categories[name].score ?? 0) * 100)])),
      faults: names
        .flatMap((name) => lhr.categories[name].auditRefs)
        .flatMap(({ id, weight }) => faultsOf(lhr, id, weight)),
    } as Report
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function faultsOf({ audits }: Result, id: string, weight: number): string[] {
  const audit = audits[id]
  if (audit === undefined || weight === 0 || audit.score === null || audit.score === 1) return []
  const places = (audit.details?.items ?? []).map(({ node, description }) => node?.selector ?? description ?? '')
  return [`${id}: ${audit.title}. ${places.join(', ')}`]
}
