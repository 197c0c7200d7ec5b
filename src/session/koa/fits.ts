/** The type of `ctx.session` for a manager that may be null. */
export type SessionFor<M, S> = null extends M ? S | null : S

/**
 * Accepts a context of type `C` whose declared `session` can hold a `T`. For any other context, this type requires a
 * property that no context has, so that `app.use(…)` does not compile.
 */
export type Fits<C, T> = C extends { session: infer Declared }
  ? [T] extends [Declared]
    ? unknown
    : { 'ctx.session is declared with another type than the sessions of this manager': T }
  : unknown

/** Accepts a context whose sessions declare the privilege `P`. For any other context, `app.use(…)` does not compile. */
export type Declares<C, P> = C extends { session?: infer Declared }
  ? NonNullable<Declared> extends { readonly hasPrivilege: (name: P) => boolean }
    ? unknown
    : { 'this application does not declare the privilege': P }
  : unknown
