import { PRESENCE_LIFE_MILLISECONDS } from '../../record.ts'
import type { Now, RegisteredProcess } from '../../store.ts'

/** Whether a registered process counts as running. */
export function isPresent(
  processId: string,
  lastBeat: number,
  { now, isRunning }: Now & Pick<RegisteredProcess, 'isRunning'>,
): boolean {
  return isRunning?.(processId) ?? lastBeat > now - PRESENCE_LIFE_MILLISECONDS
}
