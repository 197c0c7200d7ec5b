import { type HasSession, sessionProperty, sharedPrototype, showAgain } from '../http/current-session.ts'

const showSession = sessionProperty('ctx', sharedPrototype)

/** Sets `ctx.session`, and calls `run`. At the end, `ctx.session` is the session of another manager again, if any. */
export async function withSession(
  ctx: HasSession,
  shown: { readonly current: object | null },
  run: () => unknown,
): Promise<void> {
  const earlier = showSession(ctx, shown)
  try {
    await run()
  } finally {
    showAgain(ctx, earlier)
  }
}
