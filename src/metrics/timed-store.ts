import type { SessionStore } from '../session/index.ts'

type StoreOperation = Exclude<keyof SessionStore, 'presence' | 'announcements'>

/** The outcome is 'error' when the store threw, and 'ok' for every result, including an empty one. */
export type ObserveCall = (operation: StoreOperation, outcome: 'ok' | 'error', seconds: number) => void

export function timedStore(store: SessionStore, observe: ObserveCall): SessionStore {
  async function time<T>(operation: StoreOperation, call: () => Promise<T>): Promise<T> {
    const began = performance.now()
    let outcome: 'ok' | 'error' = 'error'
    try {
      const answer = await call()
      outcome = 'ok'
      return answer
    } finally {
      observe(operation, outcome, (performance.now() - began) / 1000)
    }
  }

  return {
    create: (call) => time('create', () => store.create(call)),
    find: (call) => time('find', () => store.find(call)),
    get: (call) => time('get', () => store.get(call)),
    credentials: (call) => time('credentials', () => store.credentials(call)),
    update: (call) => time('update', () => store.update(call)),
    touch: (call) => time('touch', () => store.touch(call)),
    attach: (call) => time('attach', () => store.attach(call)),
    detach: (call) => time('detach', () => store.detach(call)),
    rotate: (call) => time('rotate', () => store.rotate(call)),
    findOTP: (call) => time('findOTP', () => store.findOTP(call)),
    redeem: (call) => time('redeem', () => store.redeem(call)),
    replace: (call) => time('replace', () => store.replace(call)),
    end: (call) => time('end', () => store.end(call)),
    endMany: (call) => time('endMany', () => store.endMany(call)),
    remove: (call) => time('remove', () => store.remove(call)),
    takeMessage: (call) => time('takeMessage', () => store.takeMessage(call)),
    list: (call) => time('list', () => store.list(call)),
    count: (call) => time('count', () => store.count(call)),
    sweep: (call) => time('sweep', () => store.sweep(call)),
    ...(store.presence && { presence: store.presence }),
    ...(store.announcements && { announcements: store.announcements }),
  }
}
