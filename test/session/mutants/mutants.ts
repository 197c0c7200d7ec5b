/** A mistake that a developer could make in a store. */
export interface Mutant {
  /** Relative to src/session/stores. */
  file: string
  /** This text occurs once in the file. The mutant replaces it with `to`. */
  from: string
  to: string
  flaw: string
  /** The reason why the contract cannot notice the mutant. A mutant without a reason must fail the contract. */
  harmless?: string
}

const EMBEDDED: Omit<Mutant, 'file'>[] = [
  {
    flaw: 'create ignores the limits',
    from: 'if (!isRepeated(rows, credential) && isFull(rows, session, limits)) return { admitted: false }',
    to: '',
  },
  {
    flaw: 'create inserts before it checks the limits',
    from: `if (!isRepeated(rows, credential) && isFull(rows, session, limits)) return { admitted: false }
        rows.insert(session, credential)`,
    to: `const isRepeatedLogin = isRepeated(rows, credential)
        rows.insert(session, credential)
        if (!isRepeatedLogin && isFull(rows, session, limits)) return { admitted: false }`,
  },
  {
    flaw: 'create ignores the limit of one user',
    from: 'return { admitted: true, ended: endBeyond(rows, session, credential, limits, now) }',
    to: 'return { admitted: true, ended: [] }',
  },
  {
    flaw: 'find accepts the tombstone of another session',
    from: 'if (!tombstone || tombstone.id !== id || now >= tombstone.keepUntil) return undefined',
    to: 'if (!tombstone || now >= tombstone.keepUntil) return undefined',
  },
  {
    flaw: 'find returns an expired tombstone until the next sweep',
    from: 'tombstone.id !== id || now >= tombstone.keepUntil) return undefined',
    to: 'tombstone.id !== id) return undefined',
    harmless: 'A tombstone is kept for at least 90 seconds. A store may keep it longer.',
  },
  {
    flaw: 'find says that every ended device has a message',
    from: 'message: message !== null, origin }',
    to: 'message: true, origin }',
  },
  {
    flaw: 'find never says that there is a message',
    from: 'message: message !== null, origin }',
    to: 'message: false, origin }',
  },
  {
    flaw: 'find forgets the origin of a login',
    from: 'message: message !== null, origin }',
    to: 'message: message !== null, origin: null }',
  },
  {
    flaw: 'the method credentials omits unknown sessions',
    from: 'return [id, row ? rows.credentials(row) : []]',
    to: 'return row ? [id, rows.credentials(row)] : []',
  },
  {
    flaw: 'a repeated update is refused',
    from: 'return { updated: rows.writeIdOf(id) === writeId, ended: [] }',
    to: 'return { updated: false, ended: [] }',
  },
  {
    flaw: 'a refused update is reported as written',
    from: 'return { updated: rows.writeIdOf(id) === writeId, ended: [] }',
    to: 'return { updated: true, ended: [] }',
  },
  {
    flaw: 'update ignores the limit of one user',
    from: 'return { updated, ended: endOldest(rows, { id, userId: changes.userId ?? null }, limits, now) }',
    to: 'return { updated, ended: [] }',
  },
  {
    flaw: 'touch records the activity of an expired session',
    from: `const row = liveRow(rows, id, {}, now)
        const credential = row && rows.credential(row, hash)`,
    to: `const row = rows.session(id)
        const credential = row && rows.credential(row, hash)`,
  },
  {
    flaw: 'touch records the activity of a device that was signed out',
    from: 'const credential = row && rows.credential(row, hash)\n        if (!credential || isExpired(credential, now)) return []',
    to: "const credential = row && ((rows.credential(row, hash) ?? { ...rows.credentials(row)[0], hash: '' }) as Credential)\n        if (!credential) return []",
  },
  {
    flaw: 'touch records the activity of a device whose cookie has expired',
    from: 'if (!credential || isExpired(credential, now)) return []',
    to: 'if (!credential) return []',
  },
  {
    flaw: 'attach ignores the credential of the caller',
    from: `const row = liveRow(rows, id, { by }, now)
        if (row) addCredential`,
    to: `const row = liveRow(rows, id, {}, now)
        if (row) addCredential`,
  },
  {
    flaw: 'attach adds to an expired session',
    from: `const row = liveRow(rows, id, { by }, now)
        if (row) addCredential`,
    to: `const row = rows.session(id)
        if (row) addCredential`,
  },
  {
    flaw: 'attach forgets which device must not be evicted',
    from: 'addCredential(rows, row, credential, { by, limits, now })',
    to: 'addCredential(rows, row, credential, { limits, now })',
  },
  {
    flaw: 'attach ignores the limits',
    from: 'addCredential(rows, row, credential, { by, limits, now })',
    to: 'addCredential(rows, row, credential, { by, limits: {}, now })',
  },
  {
    flaw: 'attach always returns true',
    from: `addCredential(rows, row, credential, { by, limits, now })
        return row !== undefined`,
    to: `addCredential(rows, row, credential, { by, limits, now })
        return true`,
  },
  {
    flaw: 'detach works on an expired session',
    from: `const row = liveRow(rows, id, {}, now)
        const credential = row && rows.credentials(row).find`,
    to: `const row = rows.session(id)
        const credential = row && rows.credentials(row).find`,
  },
  {
    flaw: 'detach does not revoke an unused OTP',
    from: 'find((candidate) => candidate.handle === handle)',
    to: "find((candidate) => candidate.handle === handle && candidate.kind !== 'otp')",
  },
  {
    flaw: 'detach returns true for an unknown handle',
    from: 'return credential !== undefined',
    to: 'return row !== undefined',
  },
  {
    flaw: 'detach forgets the reason',
    from: 'endCredential(rows, row, credential, { reason, now, message })',
    to: "endCredential(rows, row, credential, { reason: 'closed', now, message })",
  },
  {
    flaw: 'detach leaves no message',
    from: 'endCredential(rows, row, credential, { reason, now, message })',
    to: 'endCredential(rows, row, credential, { reason, now })',
  },
  {
    flaw: 'rotate ignores the credential of the caller',
    from: `const row = liveRow(rows, id, { by }, now)
        if (row) rotateCredential`,
    to: `const row = liveRow(rows, id, {}, now)
        if (row) rotateCredential`,
  },
  {
    flaw: 'rotate works on an expired session',
    from: `const row = liveRow(rows, id, { by }, now)
        if (row) rotateCredential`,
    to: `const found = rows.session(id)
        const row = found && rows.credential(found, by) ? found : undefined
        if (row) rotateCredential`,
  },
  {
    flaw: 'setDetails ignores the old details',
    from: ' || credential.details !== from',
    to: '',
  },
  {
    flaw: 'setDetails replaces the origin of an unused login',
    from: 'credential.lastSeenAt === null || credential.details',
    to: 'credential.details',
  },
  {
    flaw: 'setDetails works on an expired session',
    from: 'const row = liveRow(rows, id, { by: hash }, now)',
    to: 'const row = rows.session(id)',
  },
  {
    flaw: 'setDetails works for an expired credential',
    from: 'const row = liveRow(rows, id, { by: hash }, now)',
    to: 'const row = liveRow(rows, id, {}, now)',
  },
  {
    flaw: 'setDetails returns true and writes nothing',
    from: 'rows.setDetails(row, hash, to)',
    to: '',
  },
  {
    flaw: 'setDetails always returns false',
    from: `rows.setDetails(row, hash, to)
        return true`,
    to: `rows.setDetails(row, hash, to)
        return false`,
  },
  {
    flaw: 'redeem does not delete the OTP',
    from: 'rows.deleteCredential(row, hash)',
    to: '',
  },
  {
    flaw: 'redeem adds no device',
    from: 'if (credential) addCredential(rows, row, credential, { limits, now })',
    to: '',
  },
  {
    flaw: 'redeem ignores the limit of credentials',
    from: 'if (credential) addCredential(rows, row, credential, { limits, now })',
    to: 'if (credential) rows.addCredential(row, credential)',
  },
  {
    flaw: 'redeem counts the spent OTP as a device',
    from: 'if (credential) addCredential(rows, row, credential, { limits, now })',
    to: 'if (credential) addCredential(rows, row, credential, { by: hash, limits, now })',
  },
  {
    flaw: 'replace ignores the credential of the caller',
    from: 'const row = liveRow(rows, id, { by: expected.by }, now)',
    to: 'const row = liveRow(rows, id, {}, now)',
  },
  {
    flaw: 'replace revives an expired session',
    from: 'const row = liveRow(rows, id, { by: expected.by }, now)',
    to: 'const row = rows.session(id)',
  },
  {
    flaw: 'replace ignores the version',
    from: "if (expected.version !== undefined && expected.version !== row.record.version) return { state: 'moved' }",
    to: '',
  },
  {
    flaw: 'replace reports a session of another version as gone',
    from: "expected.version !== row.record.version) return { state: 'moved' }",
    to: "expected.version !== row.record.version) return { state: 'gone' }",
  },
  {
    flaw: 'replace invalidates the old session before it fails',
    from: 'if (rows.session(session.id)) throw',
    to: 'if (false) throw',
  },
  {
    flaw: 'replace deletes the old record even below the limit of licences',
    from: '{ keepRecord: !isFull(rows, session, limits), now }',
    to: '{ keepRecord: false, now }',
  },
  {
    flaw: 'replace keeps the old record even at the limit of licences',
    from: '{ keepRecord: !isFull(rows, session, limits), now }',
    to: '{ keepRecord: true, now }',
  },
  {
    flaw: 'replace ignores the limit of one user',
    from: "return { state: 'replaced', ended: endBeyond(rows, session, credential, limits, now) }",
    to: "return { state: 'replaced', ended: [] }",
  },
  {
    flaw: 'end ignores the credential of the caller',
    from: `const row = liveRow(rows, id, { by }, now)
        if (!row || (unseen`,
    to: `const row = liveRow(rows, id, {}, now)
        if (!row || (unseen`,
  },
  {
    flaw: 'end ends an expired session',
    from: `const row = liveRow(rows, id, { by }, now)
        if (!row || (unseen`,
    to: `const row = rows.session(id)
        if (!row || (unseen`,
  },
  {
    flaw: 'end ignores the option unseen',
    from: 'if (!row || (unseen && rowWasSeen(rows, row))) return undefined',
    to: 'if (!row) return undefined',
  },
  {
    flaw: 'end leaves no message',
    from: `return undefined
        return endSession(rows, row, { reason, now, message })`,
    to: `return undefined
        return endSession(rows, row, { reason, now })`,
  },
  {
    flaw: 'endMany leaves no message',
    from: 'rows.endMatching(filter, { reason, now, message })',
    to: 'rows.endMatching(filter, { reason, now })',
  },
  {
    flaw: 'endMany forgets the reason',
    from: 'rows.endMatching(filter, { reason, now, message })',
    to: "rows.endMatching(filter, { reason: 'revoked', now, message })",
  },
  {
    flaw: 'remove leaves an expired record',
    from: `const row = rows.session(id)
        if (!row) return undefined
        endSession(rows, row, { reason: 'revoked'`,
    to: `const row = liveRow(rows, id, {}, now)
        if (!row) return undefined
        endSession(rows, row, { reason: 'revoked'`,
  },
  {
    flaw: 'remove leaves a message for a session that has already ended',
    from: `if (!row) return undefined
        endSession(rows, row, { reason: 'revoked', now, message })
        if (message) rows.leaveMessage(id, message, now + MESSAGE_MILLISECONDS)`,
    to: `if (message) rows.leaveMessage(id, message, now + MESSAGE_MILLISECONDS)
        if (!row) return undefined
        endSession(rows, row, { reason: 'revoked', now, message })`,
  },
  {
    flaw: 'remove leaves no message for a device that was signed out earlier',
    from: 'if (message) rows.leaveMessage(id, message, now + MESSAGE_MILLISECONDS)',
    to: '',
  },
  {
    flaw: 'remove keeps the message for a device that was signed out earlier for only 90 seconds',
    from: 'if (message) rows.leaveMessage(id, message, now + MESSAGE_MILLISECONDS)',
    to: 'if (message) rows.leaveMessage(id, message, now + 90_000)',
  },
  {
    flaw: "remove always gives the reason 'revoked'",
    from: 'return removedSession(row.record, now)',
    to: "return { ...removedSession(row.record, now), reason: 'revoked' }",
  },
  {
    flaw: 'taking a message deletes the tombstone',
    from: 'rows.addTombstone(hash, { ...tombstone, message: null })',
    to: 'rows.addTombstone(hash, { ...tombstone, message: null, keepUntil: now })',
  },
  {
    flaw: 'a message stays after it was taken',
    from: 'rows.addTombstone(hash, { ...tombstone, message: null })',
    to: '',
  },
  {
    flaw: 'a message is returned after a day',
    from: 'tombstone.message === null || now >= tombstone.keepUntil) return undefined',
    to: 'tombstone.message === null) return undefined',
  },
  {
    flaw: 'the sweep does not delete the data of unused applications',
    from: 'if (other !== app)',
    to: 'if (app === undefined)',
  },
  {
    flaw: 'the sweep deletes the data of other applications without waiting a day',
    from: 'left, now - UNUSED_APP_MILLISECONDS)',
    to: 'left, now)',
  },
  {
    flaw: 'the sweep of other applications ignores its limit',
    from: 'left -= sweepApp(',
    to: 'sweepApp(',
  },
]

const RULES: Omit<Mutant, 'file'>[] = [
  {
    flaw: 'a cookie writes after it has expired',
    from: 'return credential && !isExpired(credential, now) ? row : undefined',
    to: 'return credential ? row : undefined',
  },
  {
    flaw: 'the sweep does not delete tombstones',
    from: 'rows.deleteTombstones(now)',
    to: '',
  },
  {
    flaw: 'the sweep deletes tombstones five minutes early',
    from: 'rows.deleteTombstones(now)',
    to: 'rows.deleteTombstones(now + SWEEP_MARGIN_MILLISECONDS)',
  },
  {
    flaw: 'the sweep does not delete expired credentials',
    from: 'rows.deleteExpired(latestEnd)',
    to: '',
  },
  {
    flaw: 'the sweep deletes credentials immediately after their end',
    from: 'rows.deleteExpired(latestEnd)',
    to: 'rows.deleteExpired(now)',
  },
  {
    flaw: 'the sweep deletes sessions immediately after their end',
    from: 'rows.endedUntil(latestEnd, limit)',
    to: 'rows.endedUntil(now, limit)',
  },
  {
    flaw: 'the sweep ignores its limit',
    from: 'rows.endedUntil(latestEnd, limit)',
    to: 'rows.endedUntil(latestEnd, 1e9)',
  },
  {
    flaw: 'the sweep reports sessions but does not delete them',
    from: 'rows.delete(row)\n    return sweptSession',
    to: 'return sweptSession',
  },
  {
    flaw: "the sweep gives the reason 'idle' for every session",
    from: 'return sweptSession(row.record)',
    to: "return { ...sweptSession(row.record), reason: 'idle' }",
  },
  {
    flaw: 'a session is live at its end',
    from: 'if (!row || !isLive(row.record, now)) return undefined',
    to: 'if (!row || !isLive(row.record, now - 1)) return undefined',
  },
  {
    flaw: 'update ignores the version',
    from: 'if (version !== undefined && version !== row.record.version) return undefined',
    to: '',
  },
  {
    flaw: 'update accepts a later version than the expected one',
    from: 'if (version !== undefined && version !== row.record.version) return undefined',
    to: 'if (version !== undefined && version > row.record.version) return undefined',
  },
  {
    flaw: 'one session more than the limit is admitted',
    from: 'rows.countUpTo(sessions) >= sessions',
    to: 'rows.countUpTo(sessions) > sessions',
  },
  {
    flaw: 'users count towards the limit of guests',
    from: 'return guests !== undefined && isGuestRecord(session) && rows.countGuestsUpTo(guests) >= guests',
    to: 'return guests !== undefined && rows.countGuestsUpTo(guests) >= guests',
  },
  {
    flaw: 'one guest more than the limit is admitted',
    from: 'rows.countGuestsUpTo(guests) >= guests',
    to: 'rows.countGuestsUpTo(guests) > guests',
  },
  {
    flaw: 'the maximum of unused logins also counts and ends the new login',
    from: '.filter(({ record }) => record.id !== id)',
    to: '',
  },
  {
    flaw: 'the limit of one user leaves one session too many',
    from: 'others.size + 1 - sessionsPerUser',
    to: 'others.size - sessionsPerUser',
  },
  {
    flaw: 'the limit of one user ends the newest sessions',
    from: '.slice(0, Math.max(0, others.size + 1 - sessionsPerUser))',
    to: '.reverse().slice(0, Math.max(0, others.size + 1 - sessionsPerUser))',
  },
  {
    flaw: "a session that the limit of one user ends has the reason 'revoked'",
    from: ".flat()\n    .map((row) => endSession(rows, row, { reason: 'limit', now }))",
    to: ".flat()\n    .map((row) => endSession(rows, row, { reason: 'revoked', now }))",
  },
  {
    flaw: 'a login that is repeated at the limit of licences is refused',
    from: 'return isUnusedLogin(credential) && rows.withUnusedLogin(credential.details ??',
    to: 'return false && rows.withUnusedLogin(credential.details ??',
  },
  {
    flaw: 'each repeated login counts towards the licences',
    from: 'const repeated = rows.countRepeatedLogins()',
    to: 'const repeated = 0 as number',
  },
  {
    flaw: 'each repeated login counts towards the limit of one user',
    from: 'const key = origin === undefined',
    to: 'const key = true',
  },
  {
    flaw: 'a new login and the unused logins of its origin count as two sessions towards the limit of one user',
    from: 'if (row.record.id === id || (origin !== undefined && origin === own)) continue',
    to: 'if (row.record.id === id) continue',
  },
  {
    flaw: 'a login that was used counts as unused',
    from: 'if (rowWasSeen(rows, row)) return undefined',
    to: '',
  },
  {
    flaw: 'the number of unused logins has no maximum',
    from: 'others.length + 1 - MOST_UNUSED_LOGINS',
    to: '0',
  },
  {
    flaw: 'a login above the maximum ends itself',
    from: 'const others = liveUnused(rows, credential, now).filter(({ record }) => record.id !== id)',
    to: 'const others = liveUnused(rows, credential, now).filter(({ record }) => record.id !== id || true)',
  },
  {
    flaw: 'the first use of a login does not end the other unused logins',
    from: `if (!isUnusedLogin(credential)) return []
  return liveUnused`,
    to: `return []
  return liveUnused`,
  },
  {
    flaw: 'each use of a login ends the unused logins, not only the first use',
    from: `if (!isUnusedLogin(credential)) return []
  return liveUnused`,
    to: `return liveUnused`,
  },
  {
    flaw: 'a login that is used ends expired logins',
    from: '.filter(({ record }) => isLive(record, now))',
    to: '',
  },
  {
    flaw: 'a repeated login forgets its origin when it ends',
    from: "endSession(rows, row, { reason: 'secured', now, keepsOrigin: true }),",
    to: "endSession(rows, row, { reason: 'secured', now }),",
  },
  {
    flaw: "a repeated login that ends has the reason 'revoked'",
    from: "endSession(rows, row, { reason: 'secured', now, keepsOrigin: true }),",
    to: "endSession(rows, row, { reason: 'revoked', now, keepsOrigin: true }),",
  },
  {
    flaw: 'every ended cookie keeps its origin',
    from: "origin = keepsOrigin && kind === 'cookie' ? details : null",
    to: "origin = kind === 'cookie' ? details : null",
  },
  {
    flaw: 'an ended credential is not deleted',
    from: `rows.deleteCredential(row, hash)
  if (kind === 'otp') return`,
    to: "if (kind === 'otp') return",
  },
  {
    flaw: 'an OTP leaves a tombstone',
    from: "if (kind === 'otp') return",
    to: '',
  },
  {
    flaw: 'a tombstone says that the device ended at the beginning of time',
    from: 'endedAt: now,',
    to: 'endedAt: 0,',
  },
  {
    flaw: 'a tombstone is kept for a minute',
    from: "message === '' ? TOMBSTONE_MILLISECONDS",
    to: "message === '' ? 60_000",
  },
  {
    flaw: 'a message is kept for 90 seconds',
    from: 'TOMBSTONE_MILLISECONDS : MESSAGE_MILLISECONDS)',
    to: 'TOMBSTONE_MILLISECONDS : TOMBSTONE_MILLISECONDS)',
  },
  {
    flaw: 'a message is kept for two days',
    from: 'TOMBSTONE_MILLISECONDS : MESSAGE_MILLISECONDS)',
    to: 'TOMBSTONE_MILLISECONDS : 2 * MESSAGE_MILLISECONDS)',
  },
  {
    flaw: 'an empty message counts as a message',
    from: "message: message === '' ? null : message",
    to: 'message',
  },
  {
    flaw: 'an end leaves no tombstones of the devices',
    from: 'for (const credential of rows.credentials(row)) endCredential(rows, row, credential, ending)',
    to: '',
  },
  {
    flaw: 'an end marks only the first device',
    from: 'for (const credential of rows.credentials(row)) endCredential(rows, row, credential, ending)',
    to: 'for (const credential of rows.credentials(row).slice(0, 1)) endCredential(rows, row, credential, ending)',
  },
  {
    flaw: 'an end does not delete the record',
    from: `endCredential(rows, row, credential, ending)
  rows.delete(row)`,
    to: 'endCredential(rows, row, credential, ending)',
  },
  {
    flaw: "a replaced session has the reason 'revoked'",
    from: "endCredential(rows, row, credential, { reason: 'secured', now, keepsOrigin: true })",
    to: "endCredential(rows, row, credential, { reason: 'revoked', now, keepsOrigin: true })",
  },
  {
    flaw: 'a replaced session does not keep the origin of its login',
    from: "endCredential(rows, row, credential, { reason: 'secured', now, keepsOrigin: true })",
    to: "endCredential(rows, row, credential, { reason: 'secured', now })",
  },
  {
    flaw: "a rotated credential has the reason 'revoked'",
    from: "endCredential(rows, row, other, { reason: 'secured', now })",
    to: "endCredential(rows, row, other, { reason: 'revoked', now })",
  },
  {
    flaw: 'a rotated cookie keeps its origin',
    from: "endCredential(rows, row, other, { reason: 'secured', now })",
    to: "endCredential(rows, row, other, { reason: 'secured', now, keepsOrigin: true })",
  },
  {
    flaw: 'an ended bearer token has an origin',
    from: "origin = keepsOrigin && kind === 'cookie' ? details : null",
    to: 'origin = keepsOrigin ? details : null',
  },
  {
    flaw: 'a rotation does not end the old credential',
    from: "if (other.hash === by) endCredential(rows, row, other, { reason: 'secured', now })",
    to: 'if (other.hash === by) continue',
  },
  {
    flaw: 'a rotation always ends the other devices',
    from: "else if (others === 'end') endCredential",
    to: 'else endCredential',
  },
  {
    flaw: 'a rotation never ends the other devices',
    from: "else if (others === 'end') endCredential",
    to: "else if (others === 'never' as string) endCredential",
  },
  {
    flaw: 'a rotation does not end the OTPs',
    from: "else if (others === 'end') endCredential",
    to: "else if (others === 'end' && other.kind !== 'otp') endCredential",
  },
  {
    flaw: "an evicted device has the reason 'revoked'",
    from: "endCredential(rows, row, evicted, { reason: 'limit', now })",
    to: "endCredential(rows, row, evicted, { reason: 'revoked', now })",
  },
  {
    flaw: 'if no limit is set, a new OTP does not revoke the earlier OTP of the same purpose',
    from: 'credential.purpose !== null || limits.credentials',
    to: 'limits.credentials',
  },
  {
    flaw: 'a touch sets the last access to an earlier time',
    from: 'Math.max(lastAccessTime ?? 0, now)',
    to: 'now',
  },
  {
    flaw: 'a touch sets the end to an earlier time',
    from: 'Math.max(end, endAfter(now, idleMilliseconds, absoluteEnd))',
    to: 'endAfter(now, idleMilliseconds, absoluteEnd)',
  },
  {
    flaw: 'a touch does not extend the session',
    from: 'Math.max(end, endAfter(now, idleMilliseconds, absoluteEnd))',
    to: 'end',
  },
  {
    flaw: 'a touch extends the session beyond its absolute end',
    from: 'endAfter(now, idleMilliseconds, absoluteEnd)',
    to: 'now + idleMilliseconds + 60_000',
  },
  {
    flaw: 'a touch sets the last use of a device to an earlier time',
    from: 'Math.max(lastSeenAt ?? 0, now)',
    to: 'now',
  },
  {
    flaw: 'a touch does not record the device',
    from: 'rows.seeCredential(row, hash, Math.max(lastSeenAt ?? 0, now), from)',
    to: '',
  },
  {
    flaw: 'a session counts as unused although a device used it and was signed out later',
    from: 'return wasUsed(row.record) || wasSeen(row.record, rows.credentials(row))',
    to: 'return rows.credentials(row).some(({ lastSeenAt }) => lastSeenAt !== null)',
  },
  {
    flaw: 'a session counts as unused although a device used it in the millisecond of its creation',
    from: 'return wasUsed(row.record) || wasSeen(row.record, rows.credentials(row))',
    to: 'return wasUsed(row.record)',
  },
  {
    flaw: 'an expired OTP is valid',
    from: 'found && now < found.credential.expiresAt && isLive(found.session, now)',
    to: 'found && isLive(found.session, now)',
  },
  {
    flaw: 'an OTP is valid in the millisecond of its end',
    from: 'now < found.credential.expiresAt',
    to: 'now <= found.credential.expiresAt',
  },
  {
    flaw: 'an OTP of an expired session is valid',
    from: 'now < found.credential.expiresAt && isLive(found.session, now)',
    to: 'now < found.credential.expiresAt',
  },
]

const EVICTION: Omit<Mutant, 'file'>[] = [
  {
    flaw: 'devices have the limit of the OTPs',
    from: 'const cap = isOTP ? limits.otps : limits.credentials',
    to: 'const cap = limits.otps ?? limits.credentials',
  },
  {
    flaw: 'a new OTP revokes every OTP without a purpose',
    from: 'added.purpose !== null && other.purpose === added.purpose',
    to: 'other.purpose === added.purpose',
  },
  {
    flaw: 'a new OTP revokes the OTPs of all purposes',
    from: 'added.purpose !== null && other.purpose === added.purpose',
    to: 'added.purpose !== null && other.purpose !== null',
  },
  {
    flaw: 'a new OTP may evict a device',
    from: "(other.kind === 'otp') === isOTP && other.hash !== by",
    to: 'other.hash !== by',
  },
  {
    flaw: 'the caller may be evicted',
    from: '&& other.hash !== by && ',
    to: '&& ',
  },
  {
    flaw: 'an OTP that the new OTP revokes still counts towards the limit of OTPs',
    from: ' && !replaced.includes(other)',
    to: '',
  },
  {
    flaw: 'the oldest device is evicted instead of the least recently used one',
    from: '(a.lastSeenAt ?? a.createdAt) - (b.lastSeenAt ?? b.createdAt)',
    to: 'a.createdAt - b.createdAt',
  },
  {
    flaw: 'the most recently used device is evicted',
    from: '(a.lastSeenAt ?? a.createdAt) - (b.lastSeenAt ?? b.createdAt)',
    to: '(b.lastSeenAt ?? b.createdAt) - (a.lastSeenAt ?? a.createdAt)',
  },
  {
    flaw: 'a device that was never used is evicted first',
    from: '(a.lastSeenAt ?? a.createdAt) - (b.lastSeenAt ?? b.createdAt)',
    to: '(a.lastSeenAt ?? 0) - (b.lastSeenAt ?? 0)',
  },
  {
    flaw: 'an expired OTP is not evicted before a valid OTP',
    from: 'isExpired(b) - isExpired(a) || ',
    to: '',
  },
  {
    flaw: 'the caller does not count as a device',
    from: 'const kept = by !== undefined && !isOTP ? 1 : 0',
    to: 'const kept = 0',
  },
  {
    flaw: 'the caller counts as an OTP',
    from: 'const kept = by !== undefined && !isOTP ? 1 : 0',
    to: 'const kept = by !== undefined ? 1 : 0',
  },
  {
    flaw: 'one device more than the limit is kept',
    from: 'candidates.length + kept + 1 - cap',
    to: 'candidates.length + kept - cap',
  },
]

const ROWS: Omit<Mutant, 'file'>[] = [
  {
    flaw: 'setDetails also forgets when the credential was used',
    from: 'change(row, hash, { details })',
    to: 'change(row, hash, { details, lastSeenAt: null })',
  },
  {
    flaw: 'credentials come in the order in which they were stored',
    from: '[...row.credentials.values()].sort((a, b) => a.createdAt - b.createdAt)',
    to: '[...row.credentials.values()]',
  },
  {
    flaw: 'create overwrites a session',
    from: 'if (sessions.has(record.id)) throw',
    to: 'if (false) throw',
  },
  {
    flaw: 'a repeated update is written again',
    from: 'if (!row || row.writeId === writeId) return false',
    to: 'if (!row) return false',
  },
  {
    flaw: 'update sets the last access to an earlier time',
    from: 'Math.max(row.record.lastAccessTime ?? 0, fields.lastAccessTime ?? 0)',
    to: 'fields.lastAccessTime ?? row.record.lastAccessTime',
  },
  {
    flaw: 'update ignores the time of the last access',
    from: 'Math.max(row.record.lastAccessTime ?? 0, fields.lastAccessTime ?? 0)',
    to: 'row.record.lastAccessTime',
  },
  {
    flaw: 'update does not raise the version',
    from: 'lastAccessTime, version: row.record.version + 1 }',
    to: 'lastAccessTime }',
  },
  {
    flaw: 'update does not remember the write ID',
    from: 'row.writeId = writeId',
    to: '',
  },
  {
    flaw: 'update does not record the authentication',
    from: 'if (authenticatedAt !== undefined && expected.by !== undefined)',
    to: 'if (false)',
  },
  {
    flaw: 'update does not mark the device as logged in',
    from: "{ authenticatedAt, via: 'login' }",
    to: '{ authenticatedAt }',
  },
  {
    flaw: 'a touch changes the version',
    from: 'row.record = { ...row.record, lastAccessTime, end }',
    to: 'row.record = { ...row.record, lastAccessTime, end, version: row.record.version + 1 }',
  },
  {
    flaw: 'an invalidated record keeps its storage',
    from: "lastAccessTime: null, storage: '{}', version",
    to: 'lastAccessTime: null, version',
  },
  {
    flaw: 'an invalidated record keeps its last access',
    from: 'startTime: null, lastAccessTime: null, storage',
    to: 'startTime: null, storage',
  },
  {
    flaw: 'an invalidated record keeps its version',
    from: "storage: '{}', version: record.version + 1 }",
    to: "storage: '{}' }",
  },
  {
    flaw: 'the OTPs of a deleted session stay',
    from: 'for (const hash of row.credentials.keys()) otps.delete(hash)',
    to: '',
  },
  {
    flaw: 'a spent OTP stays in the index of OTPs',
    from: `row.credentials.delete(hash)
      otps.delete(hash)`,
    to: 'row.credentials.delete(hash)',
  },
  {
    flaw: 'a cookie can be redeemed',
    from: "if (credential.kind === 'otp') otps.set(credential.hash, row)",
    to: 'otps.set(credential.hash, row)',
  },
  {
    flaw: 'a touch without a device clears it',
    from: '...(device !== null && { device })',
    to: 'device',
  },
  {
    flaw: 'a touch without an address clears it',
    from: '...(address !== null && { address })',
    to: 'address',
  },
  {
    flaw: 'the message of a removal reaches the devices of all sessions',
    from: 'if (tombstone.id === id) storeTombstone',
    to: 'storeTombstone',
  },
  {
    flaw: 'a tombstone is swept one millisecond late',
    from: 'if (keepUntil <= until) storeTombstone(hash, undefined)',
    to: 'if (keepUntil < until) storeTombstone(hash, undefined)',
    harmless: 'A tombstone may be kept longer, and no message is returned at `keepUntil`.',
  },
  {
    flaw: 'a credential is swept one millisecond late',
    from: 'if (expiresAt <= until) rows',
    to: 'if (expiresAt < until) rows',
  },
  {
    flaw: 'the sweep also deletes valid credentials',
    from: 'if (expiresAt <= until) rows',
    to: 'rows',
  },
  {
    flaw: 'the sweep deletes only OTPs',
    from: 'if (expiresAt <= until) rows',
    to: 'if (otps.has(hash) && expiresAt <= until) rows',
  },
  {
    flaw: 'invalidated records do not count towards the licences',
    from: 'countUpTo: () => sessions.size',
    to: 'countUpTo: () => select(({ record }) => record.startTime !== null).length',
  },
  {
    flaw: 'invalidated guest sessions count towards the limit of guests',
    from: 'record.startTime !== null && isGuestRecord(record)).length',
    to: 'isGuestRecord(record)).length',
  },
  {
    flaw: 'expired sessions count towards the limit of their user',
    from: 'record.userId === userId && isLive(record, now) && !isToken',
    to: 'record.userId === userId && record.startTime !== null && !isToken',
  },
  {
    flaw: 'invalidated sessions count towards the limit of their user',
    from: 'record.userId === userId && isLive(record, now) && !isToken',
    to: 'record.userId === userId && now < record.end && !isToken',
  },
  {
    flaw: 'API tokens count towards the limit of their user',
    from: 'isLive(record, now) && !isToken',
    to: 'isLive(record, now)',
  },
  {
    flaw: 'the limit of one user ends the session that was stored first, not the one that began first',
    from: '!isToken\n      }).sort(byStart)',
    to: '!isToken\n      })',
  },
  {
    flaw: 'the sweep takes a session one millisecond late',
    from: 'record.end <= time)',
    to: 'record.end < time)',
  },
]

const LISTS: Omit<Mutant, 'file'>[] = [
  { flaw: 'the default order is the order of the last access', from: "sort = 'created'", to: "sort = 'seen'" },
  { flaw: 'the oldest sessions come first', from: "direction = 'desc'", to: "direction = 'asc'" },
  { flaw: 'a page has 40 sessions', from: 'size = 50', to: 'size = 40' },
  {
    flaw: 'sessions of the same time have no order',
    from: '(a.id < b.id ? -1 : a.id > b.id ? 1 : 0)',
    to: '0',
  },
  {
    flaw: 'sessions of the same time have the same order in both directions',
    from: 'sign * (a.value - b.value || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))',
    to: 'sign * (a.value - b.value) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)',
  },
  { flaw: 'a page includes its cursor', from: 'compare(row, after) > 0', to: 'compare(row, after) >= 0' },
  {
    flaw: 'a full last page has a cursor for a next page',
    from: 'return rows.length > size && last',
    to: 'return rows.length >= size && last',
  },
  {
    flaw: 'the count of all records leaves expired ones out',
    from: 'Object.keys(filter).length === 0 ? all.length : all.filter',
    to: 'all.filter',
  },
  {
    flaw: 'endMany also selects expired sessions',
    from: 'isLive(record, now) &&\n    (userId',
    to: 'record.startTime !== null &&\n    (userId',
  },
  {
    flaw: 'endMany also selects invalidated sessions',
    from: 'isLive(record, now) &&\n    (userId',
    to: 'now < record.end &&\n    (userId',
  },
  {
    flaw: 'endMany ignores the user',
    from: '(userId === undefined || record.userId === userId) &&',
    to: '',
  },
  {
    flaw: 'endMany ignores the kind',
    from: '(kind === undefined || record.kind === kind) &&',
    to: '',
  },
  {
    flaw: 'endMany ignores the session to keep',
    from: ' &&\n    record.id !== exceptId',
    to: '',
  },
  {
    flaw: 'an invalidated record sorts as the newest record',
    from: '(record.startTime ?? 0)',
    to: '(record.startTime ?? Number.MAX_SAFE_INTEGER)',
  },
  { flaw: 'a list contains expired sessions', from: 'if (now >= record.end) return false', to: '' },
  {
    flaw: 'a list contains sessions in the millisecond of their end',
    from: 'if (now >= record.end) return false',
    to: 'if (now > record.end) return false',
  },
  {
    flaw: 'a session with an unused link counts as restored',
    from: "credential.via === wanted && credential.kind !== 'otp'",
    to: 'credential.via === wanted',
  },
  {
    flaw: 'an invalidated record counts as a guest session',
    from: 'if (!isLive(record, now)) return false\n  if (state',
    to: 'if (state',
  },
]

const MEMORY: Omit<Mutant, 'file'>[] = [
  {
    flaw: 'a process that has left still counts as running',
    from: 'beatsOf(call.app).delete(call.processId)\n',
    to: '\n',
  },
  {
    flaw: 'a heartbeat does not remove processes that do not run',
    from: 'call.now)\n      removeStopped(call)',
    to: 'call.now)',
  },
  {
    flaw: 'a process that registers does not count as running',
    from: 'beatsOf(call.app).set(call.processId, call.now)',
    to: '',
  },
  {
    flaw: 'stopped processes count until another process registers',
    from: 'return removeStopped(call).size === 0',
    to: 'return beatsOf(call.app).size === 0',
  },
  {
    flaw: 'processes of all applications count',
    from: 'const beatsOf = perApp(() => new Map<string, number>())',
    to: 'const beats = new Map<string, number>()\n  const beatsOf = (_: string) => beats',
  },
]

const PRESENCE: Omit<Mutant, 'file'>[] = [
  { flaw: 'a killed process counts forever', from: 'lastBeat > now - PRESENCE_LIFE_MILLISECONDS', to: 'lastBeat > 0' },
  {
    flaw: 'a process counts as stopped too soon after its last heartbeat',
    from: 'lastBeat > now - PRESENCE_LIFE_MILLISECONDS',
    to: 'lastBeat > now - PRESENCE_LIFE_MILLISECONDS / 2',
  },
  { flaw: 'only the heartbeats decide which processes count as running', from: 'isRunning?.(processId) ??', to: '' },
  {
    flaw: 'a process that is not known to run counts as stopped',
    from: 'isRunning?.(processId) ?? lastBeat',
    to: 'isRunning ? isRunning(processId) === true : lastBeat',
  },
]

const PER_APP: Omit<Mutant, 'file'>[] = [
  {
    flaw: 'applications share their sessions',
    from: 'values.get(app) ?? make(app)',
    to: "values.get('') ?? make(app)",
  },
]

const FOUND: Omit<Mutant, 'file'>[] = [
  {
    flaw: 'find returns an expired session as live',
    from: 'if (isLive(session, now) && !isExpired(credential, now))',
    to: 'if (session.startTime !== null && !isExpired(credential, now))',
  },
  {
    flaw: 'find returns a session as live for an expired cookie',
    from: 'if (isLive(session, now) && !isExpired(credential, now))',
    to: 'if (isLive(session, now))',
  },
  {
    flaw: 'find returns the time of the call as the end of an expired session or cookie',
    from: 'endedAt: Math.min(expiresAt, session.end)',
    to: 'endedAt: now',
  },
  {
    flaw: 'find returns the end of the session as the end of an expired cookie',
    from: 'endedAt: Math.min(expiresAt, session.end)',
    to: 'endedAt: session.end',
  },
  {
    flaw: 'find returns the end of the cookie as the end of an expired session',
    from: 'endedAt: Math.min(expiresAt, session.end)',
    to: 'endedAt: expiresAt',
  },
  {
    flaw: "find gives the reason 'idle' for every expired session",
    from: 'expiryReason(session)\n',
    to: "'idle'\n",
  },
  {
    flaw: 'find gives the reason of the session for an expired cookie',
    from: "isCredentialFirst ? 'absolute' : expiryReason(session)",
    to: 'expiryReason(session)',
  },
  {
    flaw: "find gives the reason 'absolute' for every expired session",
    from: "isCredentialFirst ? 'absolute' : expiryReason(session)",
    to: "'absolute'",
  },
  {
    flaw: 'find says that an expired session has a message',
    from: 'message: false, origin: null',
    to: 'message: true, origin: null',
  },
]

export const mutants: readonly Mutant[] = [
  ...of('shared/embedded.ts', EMBEDDED),
  ...of('shared/found.ts', FOUND),
  ...of('shared/embedded-rules.ts', RULES),
  ...of('shared/eviction.ts', EVICTION),
  ...of('shared/per-app.ts', PER_APP),
  ...of('shared/presence.ts', PRESENCE),
  ...of('shared/memory-rows.ts', ROWS),
  ...of('shared/memory-lists.ts', LISTS),
  ...of('memory/store.ts', MEMORY),
]

function of(file: string, made: readonly Omit<Mutant, 'file'>[]): Mutant[] {
  return made.map((mutant) => ({ file, ...mutant }))
}
