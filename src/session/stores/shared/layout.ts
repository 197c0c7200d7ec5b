/**
 * Returns the steps that migrate stored data from the layout `found` to the newest layout. The first step creates
 * layout 1. `found` is a whole number or a text of its digits. `found` is undefined when no data is stored.
 * A released step never changes. A step may add to the layout, but must not remove or rename anything, because
 * processes of the previous version still use the data.
 * @throws Error when this code does not know the layout. The message ends with `otherwise`, which names an action.
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
