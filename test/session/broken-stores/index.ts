import type { MakeBroken } from './broken-memory.ts'
import { detailsInTwoSteps } from './details-in-two-steps.ts'
import { endInTwoSteps } from './end-in-two-steps.ts'
import { endManyInSteps } from './end-many-in-steps.ts'
import { endManyInTwoSteps } from './end-many-in-two-steps.ts'
import { endThatForgets } from './end-that-forgets.ts'
import { limitBeforeAwait } from './limit-before-await.ts'
import { liveAtTheEnd } from './live-at-the-end.ts'
import { loginInTwoSteps } from './login-in-two-steps.ts'
import { messageInTwoSteps } from './message-in-two-steps.ts'
import { redeemInTwoSteps } from './redeem-in-two-steps.ts'
import { replaceInTwoSteps } from './replace-in-two-steps.ts'
import { rotateInTwoSteps } from './rotate-in-two-steps.ts'
import { touchThatRecreates } from './touch-that-recreates.ts'
import { touchThatRevives } from './touch-that-revives.ts'
import { updateInTwoSteps } from './update-in-two-steps.ts'
import { updateThatCreates } from './update-that-creates.ts'
import { userLimitBeforeAwait } from './user-limit-before-await.ts'

/** `breaks` lists the claims of the store contract that fail on this store. The store keeps all other claims. */
export interface BrokenStore {
  flaw: string
  make: MakeBroken
  breaks: readonly string[]
}

export const brokenStores: readonly BrokenStore[] = [
  {
    flaw: 'an update that creates a missing session',
    make: updateThatCreates,
    breaks: [
      'an end and updates at the same moment leave the session ended',
      'an update never creates or revives a session that is unknown, ended, removed, expired or invalidated',
      'while endMany ends all sessions, each call treats them as ended, and a login begins a session that stays',
    ],
  },
  {
    flaw: 'a compare-and-set that reads, waits and writes',
    make: updateInTwoSteps,
    breaks: [
      '[SECURE-9] a write at the same moment as a replacement goes to the old session before it, or is refused after it',
      '[BIND-11] neither setDetails nor updates at the same moment are lost',
      'callers that read, then compare and set, lose no change',
      'of many updates of one version exactly one succeeds',
    ],
  },
  {
    flaw: 'a redeem that finds the link, waits, then deletes it',
    make: redeemInTwoSteps,
    breaks: ['of many who open one link at once exactly one gets in'],
  },
  {
    flaw: 'a replacement that creates the new session, waits, then invalidates the old one',
    make: replaceInTwoSteps,
    breaks: [
      'of a logout and a replacement at the same moment exactly one succeeds',
      'of many replacements of one session exactly one succeeds',
    ],
  },
  {
    flaw: 'a rotation that checks the credential, waits, then writes',
    make: rotateInTwoSteps,
    breaks: [
      'a rotation leaves one credential, and of many rotations of the same credential exactly one succeeds',
      'a rotation that keeps the others ends only the caller’s old credential',
    ],
  },
  {
    flaw: 'a change of details that compares, waits, then writes',
    make: detailsInTwoSteps,
    breaks: ['of many calls of setDetails with the same old details exactly one succeeds'],
  },
  {
    flaw: 'a session that is live in the millisecond of its end',
    make: liveAtTheEnd,
    breaks: [
      '[REMEMBER-4] a cookie that expires before its session has ended from then on, and no other credential ends',
      'a session is live up to the last millisecond before its end, and not at its end',
      'a touch revives nothing: no expired session, no ended session and no device that was signed out',
      'a session that reached its absolute end is reported with that reason',
      'endMany and end leave expired and invalidated records alone',
      'attach, rotate and detach do nothing on an expired, ended or invalidated session',
    ],
  },
  {
    flaw: 'a touch that extends every session, even an ended one',
    make: touchThatRevives,
    breaks: ['a touch revives nothing: no expired session, no ended session and no device that was signed out'],
  },
  {
    flaw: 'a touch that writes back the session that it read before an await',
    make: touchThatRecreates,
    breaks: ['an end and updates at the same moment leave the session ended'],
  },
  {
    flaw: 'a licence limit that is checked before an await',
    make: limitBeforeAwait,
    breaks: [
      'of many sessions created at once exactly as many are admitted as there are licences',
      'unused logins of one origin count as one session, for licences and for the limit of a user',
    ],
  },
  {
    flaw: 'a limit of one user that is checked before an await',
    make: userLimitBeforeAwait,
    breaks: [
      'at the limit of sessions per user the oldest session ends, and of many sign-ins at once exactly the limit stays live',
      'unused logins of one origin count as one session, for licences and for the limit of a user',
    ],
  },
  {
    flaw: 'an end that finds the session, waits, then deletes it',
    make: endInTwoSteps,
    breaks: [
      'of a logout and a replacement at the same moment exactly one succeeds',
      'of many calls that end one session exactly one returns it',
    ],
  },
  {
    flaw: 'an endMany that selects the sessions, waits, then deletes them',
    make: endManyInTwoSteps,
    breaks: [
      'of many calls of endMany at once each session is returned by exactly one',
      'several calls of endMany with different filters end each session once, also while one of them runs',
    ],
  },
  {
    flaw: 'an endMany that ends the sessions in several steps, without a mark',
    make: endManyInSteps,
    breaks: [
      'endMany without a user ends all sessions at once: after one of them has ended, no call finds another one live',
      'while endMany ends all sessions, each call treats them as ended, and a login begins a session that stays',
    ],
  },
  {
    flaw: 'an end that leaves no tombstones',
    make: endThatForgets,
    breaks: [
      'a second device finds the same session, and a session that is not live accepts none',
      'setDetails revives no session that ends during the call',
      'an end and updates at the same moment leave the session ended',
      'an ended session is deleted with all its credentials, and its tombstones stay for at least 90 seconds',
      'endMany and end leave expired and invalidated records alone',
      'attach, rotate and detach do nothing on an expired, ended or invalidated session',
      'the message of an end and of endMany is kept for 24 hours, and not longer',
      'the message of an end reaches all devices and tokens that the session still had, and no other device',
      'the message of detach reaches only the signed-out device, for 24 hours, also after the session has ended',
      'of a logout and a replacement at the same moment exactly one succeeds',
      'the origin of a login outlives its session, if that was replaced or was a repeated login, but no rotation of its cookie',
      'while endMany ends all sessions, each call treats them as ended, and a login begins a session that stays',
    ],
  },
  {
    flaw: 'a first use of a login that ends the unused logins only after an await',
    make: loginInTwoSteps,
    breaks: ['of several unused logins that are used at once exactly one stays live'],
  },
  {
    flaw: 'a message that is read, and is marked as shown only after an await',
    make: messageInTwoSteps,
    breaks: ['a message is kept for a day for each device, and of many callers exactly one takes it'],
  },
]
