import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type BrowserContext, chromium, expect, type LaunchOptions, type Page, test } from '@playwright/test'
import Koa from 'koa'
import { selfSignedCertificate } from '../../scripts/certificate.ts'
import { createSessions, type SessionOptions } from '../../src/session/index.ts'
import { crossOriginGuard, type SessionContext, sessions } from '../../src/session/koa/index.ts'
import { memoryStore } from '../../src/session/stores/memory/index.ts'

const NAME = '4DSID_SHOP'

interface Shop {
  /** The URL of a path on a host of the domain `test`. All hosts lead to this server. */
  at(host: string, path?: string): string
  context: BrowserContext
  page: Page
  cookieOf(user: string): Promise<string>
  close(): Promise<void>
}

/** Starts a shop, another site and a browser that blocks the cookies of embedded sites, unless they are partitioned. */
async function openShop(launch: LaunchOptions, options: Partial<SessionOptions>): Promise<Shop> {
  const manager = createSessions({ appName: 'SHOP', store: memoryStore(), guests: 'first-request', ...options })
  const app = new Koa<Koa.DefaultState, Pick<SessionContext, 'session'>>()
  let port = 0
  const at = (host: string, path = '/') => `https://${host}.test:${port}${path}`
  app.use(async (ctx, next) => {
    ctx.type = 'html'
    if (ctx.path === '/favicon.ico') ctx.status = 204
    else if (ctx.path === '/embed') ctx.body = `<iframe src="${at('shop.example')}"></iframe>`
    else if (ctx.path === '/link') ctx.body = `<a href="${at('shop.example')}">To the shop</a>`
    else if (ctx.path === '/cookies') ctx.body = `<p>${ctx.get('Cookie')}</p>`
    else if (ctx.path === '/plant') {
      ctx.set('Set-Cookie', String(ctx.query.cookie))
      ctx.body = 'planted'
    } else await next()
  })
  app.use(crossOriginGuard({ allowFrames: true }))
  app.use(sessions(manager))
  app.use(async (ctx) => {
    const { session } = ctx
    const user = String(ctx.query.user ?? 'Ana')
    if (ctx.path === '/login') await session.setPrivileges({ userName: user, userId: user }, { login: true })
    if (ctx.path === '/logout') await session.close()
    ctx.body = `<h1>${session.userName || 'Guest'}</h1>
      <form method="post" action="/login"><button>Log in</button></form>
      <form method="post" action="/logout"><button>Log out</button></form>`
  })
  const server = createServer(selfSignedCertificate(), app.callback())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  const args = ['--host-resolver-rules=MAP *.test 127.0.0.1', '--test-third-party-cookie-phaseout']
  const browser = await chromium.launch({ ...launch, args: [...(launch.args ?? []), ...args] })
  const newContext = () => browser.newContext({ ignoreHTTPSErrors: true })
  const context = await newContext()
  return {
    at,
    context,
    page: await context.newPage(),
    async cookieOf(user) {
      const other = await newContext()
      await (await other.newPage()).goto(at('shop.example', `/login?user=${user}`))
      const [cookie] = await other.cookies()
      await other.close()
      return String(cookie?.value)
    },
    async close() {
      await browser.close()
      await manager.close()
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const userOn = (page: Page) => page.locator('h1').textContent()

/** The session cookie of the whole domain. */
async function sessionCookieOf(context: BrowserContext): Promise<string | undefined> {
  return (await context.cookies()).find(({ path }) => path === '/')?.value
}

test('[COOKIE-15] in a frame of another site, a visitor begins a session, logs in and logs out with a partitioned cookie', async ({
  launchOptions,
}) => {
  const shop = await openShop(launchOptions, { sameSite: 'none', partitioned: true })
  const { page, context, at } = shop
  const frame = page.frameLocator('iframe')
  await page.goto(at('portal.other', '/embed'))
  await expect(frame.locator('h1')).toHaveText('Guest')
  const [guest] = await context.cookies()
  expect(guest).toMatchObject({ name: `__Host-${NAME}`, partitionKey: 'https://other.test' })
  await page.goto(at('portal.other', '/embed'))
  expect((await context.cookies())[0]?.value, 'the guest keeps the session').toBe(guest?.value)

  await frame.getByRole('button', { name: 'Log in' }).click()
  await expect(frame.locator('h1')).toHaveText('Ana')
  await page.goto(at('portal.other', '/embed'))
  await expect(frame.locator('h1')).toHaveText('Ana')
  await page.goto(at('portal.third', '/embed'))
  await expect(frame.locator('h1'), 'each embedding site has a session of its own').toHaveText('Guest')

  await page.goto(at('portal.other', '/embed'))
  await frame.getByRole('button', { name: 'Log out' }).click()
  await expect(frame.locator('h1')).toHaveText('Guest')
  const left = (await context.cookies()).map(({ partitionKey }) => partitionKey)
  expect(left, 'the cookie in this frame is deleted').toEqual(['https://third.test'])
  await shop.close()
})

test('[COOKIE-15] without a partition, the frame of another site sets no cookie', async ({ launchOptions }) => {
  const shop = await openShop(launchOptions, { sameSite: 'none' })
  await shop.page.goto(shop.at('portal.other', '/embed'))
  await expect(shop.page.frameLocator('iframe').locator('h1')).toHaveText('Guest')
  expect(await shop.context.cookies()).toEqual([])
  await shop.close()
})

test('[COOKIE-16] with SameSite=Strict, a link on another site shows a guest and leaves the user logged in', async ({
  launchOptions,
}) => {
  const shop = await openShop(launchOptions, { sameSite: 'strict' })
  const { page, at } = shop
  await page.goto(at('shop.example', '/login'))
  await page.goto(at('portal.other', '/link'))
  await page.getByRole('link', { name: 'To the shop' }).click()
  await expect(page.locator('h1')).toHaveText('Guest')
  await page.reload()
  await expect(page.locator('h1')).toHaveText('Guest')
  await page.goto(at('shop.example'))
  await expect(page.locator('h1')).toHaveText('Ana')
  await shop.close()
})

test('[COOKIE-17] with a domain, a neighbouring subdomain receives the cookie, can lock pages by a second cookie, and can log the user in as another user', async ({
  launchOptions,
}) => {
  const shop = await openShop(launchOptions, { domain: 'example.test' })
  const { page, context, at } = shop
  const name = `__Secure-${NAME}`
  const eve = await shop.cookieOf('Eve')
  const plant = (attributes: string) =>
    page.goto(at('evil.example', `/plant?cookie=${encodeURIComponent(`${name}=${eve}; Secure; ${attributes}`)}`))

  await page.goto(at('shop.example', '/login'))
  expect(await context.cookies()).toMatchObject([{ name, domain: '.example.test' }])
  await page.goto(at('evil.example', '/cookies'))
  await expect(page.locator('p')).toHaveText(`${name}=${await sessionCookieOf(context)}`)

  await plant('Domain=example.test; Path=/account')
  await page.goto(at('shop.example', '/account'))
  expect(await userOn(page), 'two live cookies count as none').toBe('Guest')
  await page.goto(at('shop.example'))
  expect(await userOn(page), 'no session has ended').toBe('Ana')

  await plant('Domain=example.test; Path=/')
  await page.goto(at('shop.example'))
  expect(await userOn(page)).toBe('Eve')
  await page.getByRole('button', { name: 'Log in' }).click()
  expect(await userOn(page)).toBe('Ana')
  const session = await sessionCookieOf(context)
  await page.getByRole('button', { name: 'Log out' }).click()
  await expect(page.locator('h1')).toHaveText('Guest')
  expect(await sessionCookieOf(context), 'the log out deletes the cookie of the domain').not.toBe(session)
  await shop.close()
})
