/**
 * Returns the steps that take stored data from the layout `found` to the newest one. The first step creates layout 1.
 * `found` is a whole number or its digits, or undefined when no data is stored.
 * A released step never changes. A step may only add, because processes of the previous version still use the data.
 * @throws Error when this code does not know the layout. `otherwise` ends its message with an alternative to an update.
 */
export function missingSteps<Step>(found: unknown, steps: readonly Step[], otherwise: string): readonly Step[] {
  if (found === undefined) return steps
  const layout = /^[1-9]\d*$/.test(String(found)) ? Number(found) : Number.NaN
  if (layout <= steps.length) return steps.slice(layout)
  throw new Error(
    layout > steps.length
      ? `The sessions were written by a newer version (layout ${layout}; this one knows ${steps.length}). Update the application, or ${otherwise}.`
      : `The layout of the stored sessions is unreadable (${String(found)}). To start without sessions, ${otherwise}.`,
  )
}
