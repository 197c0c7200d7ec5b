import type { SessionStore } from '../../../src/session/store.ts'
import { endInTwoSteps } from './end-in-two-steps.ts'
import { endThatForgets } from './end-that-forgets.ts'
import { limitBeforeAwait } from './limit-before-await.ts'
import { liveAtTheEnd } from './live-at-the-end.ts'
import { messageInTwoSteps } from './message-in-two-steps.ts'
import { redeemInTwoSteps } from './redeem-in-two-steps.ts'
import { replaceInTwoSteps } from './replace-in-two-steps.ts'
import { rotateInTwoSteps } from './rotate-in-two-steps.ts'
import { touchThatRecreates } from './touch-that-recreates.ts'
import { touchThatRevives } from './touch-that-revives.ts'
import { updateInTwoSteps } from './update-in-two-steps.ts'
import { updateThatCreates } from './update-that-creates.ts'
import { userLimitBeforeAwait } from './user-limit-before-await.ts'

/** A store with one flaw, and the claims of the contract that must fail on it: these, and no others. */
export interface BrokenStore {
  flaw: string
  make(): SessionStore
  breaks: readonly string[]
}

/** The flaws that real stores have; each is in a file of its own. */
export const brokenStores: readonly BrokenStore[] = [
  {
    flaw: 'an update that creates what is not there',
    make: updateThatCreates,
    breaks: [
      'an end and updates at the same moment leave the session ended',
      'an update never creates and never revives: unknown, ended, removed, expired and invalidated sessions stay what they are',
    ],
  },
  {
    flaw: 'a compare-and-set that reads, waits and writes',
    make: updateInTwoSteps,
    breaks: [
      '[SECURE-9] a write that meets a replacement is in the old session before it, or refused after it',
      'callers that read, change and compare lose no change',
      'of many updates of one version exactly one is made',
    ],
  },
  {
    flaw: 'a redeeming that finds, then deletes',
    make: redeemInTwoSteps,
    breaks: ['of many who open one link at once exactly one gets in'],
  },
  {
    flaw: 'a replacement that creates the new session, then invalidates the old one',
    make: replaceInTwoSteps,
    breaks: [
      'of a logout and a replacement at the same moment exactly one happens',
      'of many replacements of one session exactly one is made',
    ],
  },
  {
    flaw: 'a rotation that finds, then writes',
    make: rotateInTwoSteps,
    breaks: [
      'a rotation leaves one credential, and of many rotations by the same one exactly one is made',
      'a rotation that keeps the others signs out nobody but the caller’s old credential',
    ],
  },
  {
    flaw: 'a session that is live at its very end',
    make: liveAtTheEnd,
    breaks: [
      'a session is live up to the last millisecond before its end, and not at its end',
      'a touch revives nothing: neither what expired, nor what was ended, nor a device that was signed out',
      'an end that the absolute limit set is told as such',
    ],
  },
  {
    flaw: 'a touch that moves the end of whatever it finds',
    make: touchThatRevives,
    breaks: ['a touch revives nothing: neither what expired, nor what was ended, nor a device that was signed out'],
  },
  {
    flaw: 'a touch that writes back what it read before',
    make: touchThatRecreates,
    breaks: ['an end and updates at the same moment leave the session ended'],
  },
  {
    flaw: 'a licence limit that is checked before an await',
    make: limitBeforeAwait,
    breaks: ['of many who come at once exactly as many are admitted as there are licences'],
  },
  {
    flaw: 'a limit of one user that is checked before an await',
    make: userLimitBeforeAwait,
    breaks: [
      'beyond the limit of one user his oldest session ends, and of many sign-ins at once exactly the limit lives',
    ],
  },
  {
    flaw: 'an end that finds, then deletes',
    make: endInTwoSteps,
    breaks: [
      'of a logout and a replacement at the same moment exactly one happens',
      'of many who end one session exactly one hears that he did',
    ],
  },
  {
    flaw: 'an end that leaves nothing to be recognised by',
    make: endThatForgets,
    breaks: [
      'a second device finds the same session, and a session that is not live takes none',
      'an end and updates at the same moment leave the session ended',
      'an ended session is gone with all its credentials, and is recognised for at least 90 seconds',
      'of a logout and a replacement at the same moment exactly one happens',
    ],
  },
  {
    flaw: 'a message that is read, then marked as told',
    make: messageInTwoSteps,
    breaks: ['a message waits a day for each device and is told once'],
  },
]
