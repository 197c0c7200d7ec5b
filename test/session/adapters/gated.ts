import { BOUND_PATH, CONTRACT_GATES } from '../../../src/session/testing/adapter/app.ts'

type Gate<R> = (...parameters: never[]) => R

/** The functions of an adapter that make gates. Each gate declares another kind of session. */
interface GateMakers<R> {
  requireUser(options: { loginPath: string }): Gate<R>
  requirePrivilege(privilege: 'viewReports', options: { loginPath: string }): Gate<R>
  requireRecentLogin(options: { withinMinutes: number; confirmPath: string }): Gate<R>
  requireDeviceBinding(): Gate<R>
}

/** Returns the gate of each path in `CONTRACT_GATES`, and of `BOUND_PATH`. Pass the gate's parameters `as never`. */
export function contractGates<R>({
  requireUser,
  requirePrivilege,
  requireRecentLogin,
  requireDeviceBinding,
}: GateMakers<R>) {
  return new Map<string, Gate<R>>([
    ['/own', requireUser(CONTRACT_GATES['/own'])],
    ['/reports', requirePrivilege('viewReports', CONTRACT_GATES['/reports'])],
    ['/danger', requireRecentLogin(CONTRACT_GATES['/danger'])],
    [BOUND_PATH, requireDeviceBinding()],
  ])
}
