import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Context } from 'koa'
import type { Config } from '../config/config.ts'
import { projectRoot } from '../config/project-root.ts'
import type { PageModel } from '../web/pages.ts'
import { Problem } from '../web/problem.ts'
import type { StartContestant } from './contestant.ts'
import { type Experiment, runExperiment } from './experiment.ts'
import { CHAPTERS, EXPERIMENTS } from './experiments/index.ts'
import { koaSession } from './koa-session.ts'
import type { LabLimit } from './lab-limit.ts'
import { thisLayer } from './this-layer.ts'
import { type RequestRow, requestRows, type Timeline, timelineOf } from './timeline.ts'
import { Turns } from './turns.ts'

interface ListPage extends PageModel {
  isOpen: boolean
  chapters: typeof CHAPTERS
}

interface ExperimentPage extends PageModel {
  isOpen: boolean
  experiment: Experiment
  hasRun: boolean
  panes: Pane[]
  next: Experiment | undefined
}

interface Pane {
  id: string
  title: string
  setUp: string
  /** Whether the pane can only say how to install its library. */
  isMissing: boolean
  run: (Outcome & { timeline: Timeline; rows: RequestRow[] }) | undefined
  /** The result of another set-up of the library. */
  otherwise: (Outcome & { setUp: string }) | undefined
}

interface Outcome {
  holds: boolean
  actual: string
}

interface Parts {
  config: Pick<Config, 'webConcurrency'>
  limit: LabLimit
}

const MOST_RUNS = 30

const OWN_SET_UP =
  'A manager with a memory store and its default settings. The middleware crossOriginGuard() runs before it. The login passes { login: true }.'
const BOUND = 'This layer with device binding'
const BOUND_SET_UP =
  'The same with { deviceBinding: {} }. The browser has a key, and proves it every ten minutes. Real browsers do this only over https.'

/** The pages of the attack lab. A run keeps its sessions in its own stores, and reads no session of this server. */
export function labPages({ config, limit }: Parts) {
  // A run needs one process, because its stores are in memory.
  const isOpen = config.webConcurrency === 1
  // A run opens dozens of connections, so the runs of all visitors wait for each other.
  const turns = new Turns()

  const show = async (ctx: Context, experiment: Experiment, hasRun: boolean) =>
    ctx.show<ExperimentPage>('lab/experiment', {
      title: experiment.title,
      isOpen,
      experiment,
      hasRun,
      panes: await panesOf(experiment, hasRun),
      next: EXPERIMENTS[EXPERIMENTS.indexOf(experiment) + 1],
    })

  return {
    list(ctx: Context) {
      ctx.show<ListPage>('lab/list', { title: 'Attack lab', isOpen, chapters: CHAPTERS })
    },

    async show(ctx: Context) {
      await show(ctx, experimentOf(ctx), false)
    },

    async run(ctx: Context) {
      const experiment = experimentOf(ctx)
      if (!isOpen) throw new Problem(503, 'The lab runs in a single process. Start the server without WEB_CONCURRENCY.')
      await limit.countRun(ctx.ip)
      if (turns.jobs >= MOST_RUNS)
        throw new Problem(503, 'Too many experiments are waiting. Please try again in a few seconds.', {
          'Retry-After': '5',
        })
      await turns.run(() => show(ctx, experiment, true))
    },

    /** The source of the test that proves the promise. */
    async test(ctx: Context) {
      const { test } = experimentOf(ctx)
      const source = await readFile(join(projectRoot(), test), 'utf8').catch(() => undefined)
      if (source === undefined) throw new Problem(404, `This copy of the project has no tests, so it lacks ${test}.`)
      ctx.body = source
      ctx.type = 'text/plain; charset=utf-8'
    },
  }
}

function experimentOf(ctx: Context): Experiment {
  const experiment = EXPERIMENTS.find(({ name }) => name === ctx.params.experiment)
  if (experiment === undefined) throw new Problem(404, 'The lab has no such experiment. The list at /lab has them all.')
  return experiment
}

/** The contestants run one after the other, so that neither slows the other down. */
async function panesOf(experiment: Experiment, runs: boolean): Promise<Pane[]> {
  const { usualWay, usual, otherwise, ownWay = '', bindsDevice } = experiment
  const panes = [
    { id: 'usual', title: 'The usual way: koa-session', setUp: usualWay, start: await koaSession(usual), otherwise },
    { id: 'own', title: 'This layer', setUp: `${OWN_SET_UP} ${ownWay}`, start: thisLayer() },
    ...(bindsDevice ? [{ id: 'bound', title: BOUND, setUp: BOUND_SET_UP, start: thisLayer({ bindsDevice }) }] : []),
  ]
  const shown: Pane[] = []
  for (const { start, otherwise, ...pane } of panes) {
    const isRun = runs && start !== undefined
    shown.push({
      ...pane,
      isMissing: start === undefined,
      run: isRun ? await runOf(experiment, start) : undefined,
      otherwise: isRun && otherwise ? await otherwiseOf(experiment, otherwise) : undefined,
    })
  }
  return shown
}

async function runOf(experiment: Experiment, start: StartContestant): Promise<Pane['run']> {
  const { requests, ...verdict } = await runExperiment(experiment, start)
  return { ...verdict, timeline: timelineOf(requests), rows: requestRows(requests) }
}

async function otherwiseOf(
  experiment: Experiment,
  { setUp, usual }: NonNullable<Experiment['otherwise']>,
): Promise<Pane['otherwise']> {
  const start = await koaSession(usual)
  return start && { setUp, ...(await runExperiment(experiment, start)) }
}
