import type { Experiment } from '../experiment.ts'
import { crossSiteForm } from './cross-site-form.ts'
import { fixation } from './fixation.ts'
import { linkFixation } from './link-fixation.ts'
import { loginRace } from './login-race.ts'
import { logoutRace } from './logout-race.ts'
import { oneTimeLink } from './one-time-link.ts'
import { parallelWrites } from './parallel-writes.ts'
import { replay } from './replay.ts'
import { stolenCookie } from './stolen-cookie.ts'
import { storeOutage } from './store-outage.ts'
import { twoUsers } from './two-users.ts'
import { wrongLink } from './wrong-link.ts'

interface Chapter {
  title: string
  experiments: readonly Experiment[]
}

export const CHAPTERS: readonly Chapter[] = [
  { title: 'Races', experiments: [parallelWrites, logoutRace, loginRace] },
  { title: 'Cookies', experiments: [fixation, replay, stolenCookie] },
  { title: 'One-time links', experiments: [oneTimeLink, linkFixation, wrongLink] },
  { title: 'Shared computers, other sites, failures', experiments: [twoUsers, crossSiteForm, storeOutage] },
]

export const EXPERIMENTS: readonly Experiment[] = CHAPTERS.flatMap(({ experiments }) => experiments)
