import type { Context } from 'koa'
import { MAILED_LINK_SECONDS, REMEMBER_DAYS } from '../../accounts/index.ts'
import { type Config, isLoopback } from '../../config/config.ts'
import type { Clock } from '../../session/index.ts'
import { describeDevice } from '../../web/device-description.ts'
import { formatTimeLeft } from '../../web/format.ts'
import type { PageModel } from '../../web/pages.ts'
import { Problem } from '../../web/problem.ts'
import type { LabLimit } from '../lab-limit.ts'
import type { Sandbox } from './sandbox.ts'
import { LIFE_MINUTES, Sandboxes } from './sandboxes.ts'
import type { SiteConfig } from './site.ts'

interface SandboxPage extends PageModel {
  isOpen: boolean
  /** Whether the visitor's sandbox is gone. */
  isGone: boolean
  lifeMinutes: number
  sandbox: SandboxView | undefined
}

interface Button {
  name: string
  label: string
}

interface SandboxView {
  now: string
  moves: Button[]
  uses: Button[]
  afterProof: Button
  things: {
    title: string
    hint: string
    useLeft: string
    allLeft: string
    ended: { at: string; why: string; event: string } | undefined
  }[]
  log: { at: string; text: string; event: string }[]
}

interface CurlPage extends SandboxPage {
  devices: { id: string; what: string; address: string; seen: string; key: string }[]
  /** Undefined unless the visitor has just asked for the cookies. */
  lines: { title: string; line: string }[] | undefined
}

interface Parts {
  config: SiteConfig & Pick<Config, 'appName' | 'publicUrl' | 'tls' | 'webConcurrency'>
  clock: Pick<Clock, 'now'>
  origins: { readonly secure: boolean }
  limit: LabLimit
}

interface Step extends Button {
  take(sandbox: Sandbox): Promise<void>
}

const MOVES: readonly Step[] = [
  { name: 'minute', label: '1 minute', take: (sandbox) => sandbox.move(1, '1 minute passes') },
  { name: 'quarter', label: '15 minutes', take: (sandbox) => sandbox.move(15, '15 minutes pass') },
  { name: 'hour', label: '61 minutes', take: (sandbox) => sandbox.move(61, '61 minutes pass') },
  { name: 'day', label: '12 hours', take: (sandbox) => sandbox.move(12 * 60, '12 hours pass') },
  { name: 'month', label: '30 days', take: (sandbox) => sandbox.move(30 * 24 * 60, '30 days pass') },
]
const USES: readonly Step[] = [
  { name: 'use', label: 'Use everything once', take: (sandbox) => sandbox.use() },
  { name: 'keep-using', label: 'Use everything for 12 hours', take: (sandbox) => sandbox.keepUsing(12) },
]
const DAY_MILLISECONDS = 24 * 60 * 60_000
const PAGES = ['/lab/clock', '/lab/curl'] as const

/** The pages on which a visitor moves the clock of a sandbox, and steals the cookies of its user. */
export function sandboxPages({ config, clock, origins, limit }: Parts) {
  const isOpen = config.webConcurrency === 1
  const sandboxes = new Sandboxes(
    { ...config, rememberDays: REMEMBER_DAYS, linkMinutes: MAILED_LINK_SECONDS / 60 },
    clock,
  )
  const cookieName = `lab_${config.appName}`
  const attributes = `Path=/lab; HttpOnly; SameSite=Lax${origins.secure ? '; Secure' : ''}`
  const keyOf = (ctx: Context) => ctx.cookies.get(cookieName)

  const modelOf = (ctx: Context, title: string, sandbox: Sandbox | undefined): SandboxPage => ({
    title,
    isOpen,
    isGone: sandbox === undefined && keyOf(ctx) !== undefined,
    lifeMinutes: LIFE_MINUTES,
    sandbox: sandbox && viewOf(sandbox),
  })

  const showCurl = async (ctx: Context, sandbox: Sandbox | undefined, lines?: CurlPage['lines']) =>
    ctx.show<CurlPage>('lab/curl', {
      ...modelOf(ctx, 'Steal a cookie', sandbox),
      devices: sandbox ? await devicesOf(sandbox) : [],
      lines,
    })

  const requireOpen = () => {
    if (!isOpen) throw new Problem(503, 'The lab runs in a single process. Start the server without WEB_CONCURRENCY.')
  }

  return {
    clock(ctx: Context) {
      ctx.show<SandboxPage>('lab/clock', modelOf(ctx, 'Turn the clock', sandboxes.find(keyOf(ctx))?.sandbox))
    },

    async curl(ctx: Context) {
      await showCurl(ctx, sandboxes.find(keyOf(ctx))?.sandbox)
    },

    /** Changes the sandbox, and returns to the page of the form. */
    async change(ctx: Context) {
      requireOpen()
      const { step, end, page } = ctx.request.body as Record<string, unknown>
      if (step === 'start') {
        await limit.countRun(ctx.ip)
        ctx.append('Set-Cookie', `${cookieName}=${await sandboxes.open(keyOf(ctx), ctx.ip)}; ${attributes}`)
      } else {
        await limit.countStep(ctx.ip)
        const sandbox = sandboxes.find(keyOf(ctx))?.sandbox
        if (sandbox) await change(sandbox, step, end)
      }
      ctx.status = 303
      ctx.redirect(PAGES.find((one) => one === page) ?? PAGES[0])
    },

    /**
     * Shows the cookies of the sandbox's user. No other page shows a secret. These cookies open only the page below, and
     * the response is not stored.
     */
    async copyCookies(ctx: Context) {
      requireOpen()
      await limit.countStep(ctx.ip)
      const { sandbox, name } = sandboxes.find(keyOf(ctx)) ?? {}
      const address = `${originOf(ctx)}/lab/sandbox/${name}`
      const copies = await sandbox?.copyCookies()
      ctx.set('Cache-Control', 'no-store')
      await showCurl(
        ctx,
        sandbox,
        copies?.map(({ title, cookie }) => ({
          title,
          line: `curl${curlOptions(ctx)} --cookie "${cookie}" "${address}"`,
        })),
      )
    },

    /** Says who the user of the request is in the sandbox. Mount it above the sessions of the demo. */
    async page(ctx: Context) {
      // The client is a terminal, so errors come as text too.
      ctx.req.headers.accept = 'text/plain'
      requireOpen()
      const name = ctx.params.name ?? ''
      ctx.type = 'text/plain; charset=utf-8'
      // A GET request moves the clock of the sandbox. A HEAD request must change nothing.
      if (ctx.method === 'HEAD' && sandboxes.hasName(name)) {
        ctx.status = 200
        return
      }
      const sandbox = sandboxes.findByName(name)
      if (!sandbox) throw new Problem(404, 'This sandbox is gone. Start a new one at /lab/curl.')
      await limit.countStep(ctx.ip)
      const from = { device: ctx.get('User-Agent'), address: ctx.ip }
      const { user, isUnproved } = await sandbox.arrive(ctx.get('Cookie'), from)
      const why = isUnproved ? ' This cookie is bound to a key, and the request came without a proof of the key.' : ''
      ctx.body = `You are ${user ?? 'a guest'}.${why}\n`
    },
  }

  /** The demo answers only under its own hosts, so the header is not forged. */
  function originOf(ctx: Context): string {
    return config.publicUrl ?? `${origins.secure ? 'https' : 'http'}://${ctx.get('Host')}`
  }

  /** On this machine, the demo has a certificate that it has signed itself. */
  function curlOptions(ctx: Context): string {
    return config.tls && isLoopback(new URL(originOf(ctx)).hostname) ? ' --insecure' : ''
  }
}

async function change(sandbox: Sandbox, step: unknown, end: unknown): Promise<void> {
  if (typeof end === 'string') return sandbox.signOut(end)
  const known = [...MOVES, ...USES, afterProof(sandbox)].find(({ name }) => name === step)
  if (!known) throw new Problem(422, 'The sandbox has no such step. Use the buttons of the page.')
  await known.take(sandbox)
}

function afterProof({ bindingMinutes }: Sandbox): Step {
  const minutes = bindingMinutes + 1
  const label = `${minutes} minutes pass`
  return { name: 'proof', label, take: (sandbox) => sandbox.move(minutes, label) }
}

function viewOf(sandbox: Sandbox): SandboxView {
  const { now, things, log } = sandbox
  const timeOf = timeIn(sandbox)
  return {
    now: timeOf(now),
    moves: [...MOVES],
    uses: [...USES],
    afterProof: afterProof(sandbox),
    things: things.map(({ thing: { title, hint }, limits, ended }) => ({
      title,
      hint,
      useLeft: limits?.use === undefined ? '' : formatTimeLeft(limits.use, now),
      allLeft: limits ? formatTimeLeft(limits.all, now) : '',
      ended: ended && { ...ended, at: timeOf(ended.at) },
    })),
    log: log.map((entry) => ({ ...entry, at: timeOf(entry.at) })),
  }
}

async function devicesOf(sandbox: Sandbox): Promise<CurlPage['devices']> {
  return (await sandbox.devices()).map(({ id, device: { device, address, lastSeenAt, boundSince } }) => ({
    id,
    what: describeDevice(device),
    address: address ?? 'Unknown',
    seen: lastSeenAt ? timeIn(sandbox)(lastSeenAt.getTime()) : 'Never',
    key: boundSince ? 'Bound to a key of the browser' : 'Not bound',
  }))
}

/** "Day 2, 09:05" */
function timeIn({ startedAt }: Sandbox): (at: number) => string {
  const day = (at: number) => Math.floor(at / DAY_MILLISECONDS)
  return (at) => `Day ${1 + day(at) - day(startedAt)}, ${new Date(at).toISOString().slice(11, 16)}`
}
