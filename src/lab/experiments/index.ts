import type { Experiment } from '../experiment.ts'
import { fixation } from './fixation.ts'
import { loginRace } from './login-race.ts'
import { logoutRace } from './logout-race.ts'
import { oneTimeLink } from './one-time-link.ts'
import { parallelWrites } from './parallel-writes.ts'
import { stolenCookie } from './stolen-cookie.ts'
import { twoUsers } from './two-users.ts'

export const EXPERIMENTS: readonly Experiment[] = [
  parallelWrites,
  logoutRace,
  loginRace,
  fixation,
  oneTimeLink,
  twoUsers,
  stolenCookie,
]
