// Whose signatures gave something power, and whether that power still stands. See crates/trust/src/state/power.rs.
//
// Who revokes a key says by `seen` what he knew. What the revoked key gave from there on, he could not object to: it does
// not count, wherever the service put it. A key's own revocation of itself reaches no gift.
//
// A roster that does not count makes nobody an admin: what stands after it has to be signed by enough of every roster from
// the last one that counts.

import type { KeyId, StatementId } from '../bytes'
import { type Roster, type Seen, type Target, recoveryKeyOf, recoveryNeed, sameTarget } from '../statement'
import { areEnoughAdmins } from './admins'
import type { Fold, Held, Power, RosterEntry } from './model'

/** Whether what stands at `index` owes its power to signatures that do not count there. */
export function isTainted(fold: Fold, index: number, power: Power): boolean {
  if (typeof power.by === 'object') return isEnrollerTainted(fold, index, power, power.by.enroller)
  return !governing(fold, index).every(({ roster }) => suffices(fold, roster, index, power))
}

// The rosters before `index`, from the last one that counts.
function governing(fold: Fold, index: number): RosterEntry[] {
  let since: RosterEntry[] = []
  for (const entry of fold.rosters.filter((entry) => entry.index === 0 || entry.index < index)) {
    if (since.every(({ roster }) => suffices(fold, roster, entry.index, entry.power))) since = []
    since.push(entry)
  }
  return since
}

function suffices(fold: Fold, roster: Roster, index: number, { signers, by }: Power): boolean {
  const isVoid = (key: KeyId) => isVoidFrom(fold, { key }, index)
  if (by === 'admins') return areEnoughAdmins(roster, signers, isVoid)
  const have = signers.filter(({ keyid }) => !isVoid(keyid) && recoveryKeyOf(roster, keyid)).length
  return roster.recovery !== undefined && have >= recoveryNeed(roster)
}

function isEnrollerTainted(fold: Fold, index: number, { signers }: Power, admit: StatementId): boolean {
  const key = signers[0]!.keyid
  const own = fold.entries.get(key)
  const isOwnTainted = own?.admit === admit && isTainted(fold, own.index, own.power)
  return isVoidFrom(fold, { key }, index) || isVoidFrom(fold, { admit }, index) || isOwnTainted
}

// Whether a revocation of `target`, sequenced or held, reaches what stands at `index`.
function isVoidFrom(fold: Fold, target: Target, index: number): boolean {
  const sequenced = sequencedReach(fold, target)
  if (sequenced !== undefined && sequenced <= index) return true
  return [...fold.held.values()].some((held) => sameTarget(held.target, target) && heldReach(fold, held) <= index)
}

/** From where on gifts of a revoked key do not count; `at` stands in where its revoker's history is not this one. */
export function reachOf(fold: Fold, seen: Seen, at: number, byItself: boolean): number {
  if (byItself) return Infinity
  return fold.tree.rootAt(seen.size) === seen.root ? seen.size : at
}

/** The reach of a held revocation. */
export const heldReach = (fold: Fold, held: Held): number => reachOf(fold, held.seen, held.since, held.byItself)

function sequencedReach({ revoked }: Fold, target: Target): number | undefined {
  if (target === '*') return undefined
  if ('key' in target) return revoked.keys.get(target.key)
  return 'admit' in target ? revoked.admits.get(target.admit) : undefined
}

/** Whether the ledger already revoked this, at least as far back. */
export function isSequencedRevoked(fold: Fold, target: Target, reach: number): boolean {
  if (target === '*') return fold.suspended
  if ('policy' in target) return fold.revoked.policies.has(target.policy)
  if ('warrant' in target) return fold.revoked.warrants.has(target.warrant)
  if ('recovery' in target) return fold.recoveries.get(target.recovery) === 'vetoed'
  const known = sequencedReach(fold, target)
  return known !== undefined && known <= reach
}
