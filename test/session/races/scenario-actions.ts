import { setImmediate as oneTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { USERS } from '../model/users.ts'
import { count, type Scene } from './scenario.ts'

export class Deed {
  readonly #name: string
  readonly #turnsLate: number
  readonly #process: number
  readonly #act: (scene: Scene, process: number) => Promise<unknown>

  constructor(
    name: string,
    turnsLate: number,
    process: number,
    act: (scene: Scene, process: number) => Promise<unknown>,
  ) {
    this.#name = name
    this.#turnsLate = turnsLate
    this.#process = process
    this.#act = act
  }

  async begin(scene: Scene): Promise<void> {
    for (let turn = 0; turn < this.#turnsLate; turn++) await oneTurn()
    await this.#act(scene, this.#process)
  }

  toString(): string {
    return `${this.#name} in process ${this.#process}, ${this.#turnsLate} late`
  }
}

type Act = { name: string; act: (scene: Scene, process: number) => Promise<unknown> }

const device = fc.nat(2)
const anyBrowser = fc.nat(4)
const user = fc.constantFrom(...USERS)
export const NOTICE = 'Your session was ended by the administrator.'

const acts: fc.Arbitrary<Act>[] = [
  fc.tuple(device, fc.nat(2)).map(([browser, turns]) => ({
    name: `device ${browser} writes for ${turns} turns`,
    act: (scene, process) => scene.raise(browser, process, turns),
  })),
  fc.tuple(anyBrowser, fc.nat(1)).map(([browser, number]) => ({
    name: `browser ${browser} opens link ${number}`,
    act: async (scene, process) => {
      const link = scene.links[number] ?? ''
      const isOpened = await scene.visit(browser, process, (session) => session.restore(link))
      if (isOpened === 'true') count(scene.opened, link)
    },
  })),
  fc.tuple(device, fc.constantFrom('keep' as const, 'end' as const)).map(([browser, others]) => ({
    name: `device ${browser} renews, others ${others}`,
    act: async (scene, process) => {
      const cookie = scene.jars[browser]
      const outcome = await scene.visit(browser, process, (session) => session.renew({ others }))
      if (outcome === 'undefined') count(scene.renewed, cookie)
    },
  })),
  device.map((browser) => ({
    name: `device ${browser} secures`,
    act: (scene, process) =>
      scene.visit(browser, process, async (session) => {
        const { id } = await session.secureSession({ keepStorage: true })
        scene.keptFrom.set(id, session.id)
      }),
  })),
  device.map((browser) => ({
    name: `device ${browser} logs out`,
    act: (scene, process) => scene.visit(browser, process, (session) => session.close()),
  })),
  fc.tuple(anyBrowser, user).map(([browser, { userId, userName, privileges }]) => ({
    name: `browser ${browser} logs in as ${userName}`,
    act: (scene, process) =>
      scene.visit(browser, process, (session) =>
        session.setPrivileges({ userId, userName, privileges: [...privileges] }, { login: true, keepStorage: false }),
      ),
  })),
  user.map((user) => ({
    name: `a program signs in as ${user.userName}`,
    act: (scene, process) => scene.signInProgram(process, user),
  })),
  fc.constant({
    name: 'the administrator ends it',
    act: async (scene: Scene, process: number) => {
      if (await scene.manager(process).end(scene.mainId, 'revoked', { message: NOTICE }))
        count(scene.revoked, scene.mainId)
    },
  }),
  fc.constant({
    name: 'the administrator ends all sessions of the user',
    act: (scene: Scene, process: number) =>
      scene.manager(process).endMany({ userId: USERS[0]?.userId ?? '' }, 'revoked'),
  }),
  fc.constant({ name: 'a sweep', act: (scene: Scene, process: number) => scene.manager(process).sweep() }),
]

/** Actions that begin at about the same time. Often several actions have the same kind. */
export const deeds: fc.Arbitrary<Deed[]> = fc
  .array(fc.tuple(fc.oneof(...acts), fc.nat(2), fc.nat(1), fc.integer({ min: 1, max: 3 })), {
    minLength: 1,
    maxLength: 5,
  })
  .map((rows) =>
    rows.flatMap(([{ name, act }, late, process, times]) =>
      Array.from({ length: times }, (_, time) => new Deed(name, late, (process + time) % 2, act)),
    ),
  )
