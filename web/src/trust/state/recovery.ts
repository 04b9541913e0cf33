// Recovery: offline keys propose a roster, which takes effect when every witness has seen it wait. The same checks in the same
// order as crates/trust/src/state/recovery.rs, where the reasons are.

import type { KeyId, StatementId } from '../bytes'
import { type Checkpoint, Note } from '../checkpoint'
import type { Envelope, Signed } from '../envelope'
import { TrustError } from '../error'
import type { PublicKey } from '../key'
import { INTEGER_MAX, RECOVERIES_MAX } from '../limits'
import {
  type Recover,
  type Roster,
  type Seen,
  type Target,
  adminOf,
  recoveryKeyOf,
  recoveryNeed,
  roster as rosterSchema,
} from '../statement'
import { Inert, signersOf } from './fold'
import type { Fold, Pending, Power } from './model'

/** From when on a recovery that this checkpoint covers has waited: the latest of all witnesses' times, in milliseconds. */
export function begunAt(roster: Roster, checkpoint: Checkpoint): number | undefined {
  const times = timesOfAll(roster, checkpoint)
  return times && Math.max(...times)
}

/** Until when it has waited: the earliest of all witnesses' times, in milliseconds. */
export function waitedAt(roster: Roster, checkpoint: Checkpoint): number | undefined {
  const times = timesOfAll(roster, checkpoint)
  return times && Math.min(...times)
}

function timesOfAll({ witnesses }: Roster, { witnessed }: Checkpoint): number[] | undefined {
  return witnessed.length === witnesses.length ? witnessed.map(([, at]) => at) : undefined
}

/** All that wait, also those whose veto is held. */
export const pendingOf = (fold: Fold): Pending[] =>
  [...fold.recoveries.values()].filter((fate) => typeof fate !== 'string')

/** The admin keys of recoveries that wait. */
export const pendingKeys = (fold: Fold): PublicKey[] =>
  pendingOf(fold).flatMap(({ roster }) => roster.admins.map((admin) => admin.key))

/** Whether this key is an admin's, a recovery key, or an admin's of a recovery that waits. */
export const isGoverning = (fold: Fold, keyid: KeyId): boolean =>
  [fold.roster, ...pendingOf(fold).map((pending) => pending.roster)].some((roster) => adminOf(roster, keyid)) ||
  recoveryKeyOf(fold.roster, keyid) !== undefined

/** Whose keys give power to a roster that too few admins signed, if it is a recovery; throws `why` if it is none. */
export function considerRecovery(
  fold: Fold,
  id: StatementId,
  roster: Roster,
  signers: readonly Signed[],
  why: unknown,
): Power {
  const keys = signers.filter(({ keyid }) => recoveryKeyOf(fold.roster, keyid))
  if (keys.length === 0) throw why
  const power: Power = { signers: keys, by: 'recovery_keys' }
  checkRecoveryKeys(fold, power)
  if (fold.roster.quorum === 0) throw shape('without witnesses there is no time that a recovery could wait for')
  if (roster.format !== 1) throw shape('its format is unknown to this version')
  if (!changesAdminsAlone(fold.roster, roster)) {
    throw shape('a recovery changes admins, threshold, audit key and directory key, and nothing else')
  }
  if (fold.recoveries.get(id) === 'vetoed') throw new Inert('already_revoked', 'it was vetoed')
  if (pendingOf(fold).length >= RECOVERIES_MAX) throw shape('too many recoveries wait already')
  return power
}

const shape = (fault: string) => new Inert('shape', fault)

function checkRecoveryKeys({ revoked, roster }: Fold, { signers }: Power): void {
  const have = signers.filter(({ keyid }) => !revoked.keys.has(keyid)).length
  const need = recoveryNeed(roster)
  if (have < need) {
    throw new Inert('too_few_recovery_keys', `${have} recovery keys in force signed it where ${need} are needed`)
  }
}

function changesAdminsAlone(old: Roster, roster: Roster): boolean {
  const { version, admins, threshold, audit_key, directory_key } = roster
  const changed = { ...old, version, admins, threshold, audit_key, directory_key }
  const text = (value: Roster) => JSON.stringify(rosterSchema.write(value))
  return text(changed) === text(roster)
}

/** Whether this shows that a recovery has waited; gives the recovery. */
export async function considerRecover(fold: Fold, envelope: Envelope, seen: Seen, said: Recover): Promise<Pending> {
  if (fold.tree.rootAt(seen.size) !== seen.root) {
    throw new Inert('forked', 'its author saw another history of this ledger')
  }
  const pending = fold.recoveries.get(said.recovery)
  if (pending === undefined || typeof pending === 'string') {
    throw new Inert('no_recovery', 'no recovery of this id waits: it never began, was vetoed, or another roster came first')
  }
  const signers = await signersOf(fold, envelope, pendingKeys(fold))
  const isKnown = (keyid: KeyId) => adminOf(pending.roster, keyid) ?? recoveryKeyOf(fold.roster, keyid)
  if (!signers.some(({ keyid }) => isKnown(keyid) && !fold.revoked.keys.has(keyid))) {
    throw new Inert('no_authority', 'none of its signers may say this')
  }
  checkRecoveryKeys(fold, pending.power)
  if (pending.roster.admins.some(({ key }) => fold.revoked.keys.has(key.id))) throw shape('it lists a revoked key')
  await checkWaited(fold, pending, said)
  return pending
}

const notWaited = (why: string) => new Inert('not_waited', `it does not show that the recovery has waited: ${why}`)

async function checkWaited(fold: Fold, pending: Pending, said: Recover): Promise<void> {
  const begun = begunAt(fold.roster, await covering(fold, pending, said.begun))
  const waited = waitedAt(fold.roster, await covering(fold, pending, said.waited))
  if (begun === undefined || waited === undefined) throw notWaited('a checkpoint is not cosigned by every witness')
  // Beyond 2^53 - 1 replicas in other languages would count differently.
  if (waited > INTEGER_MAX || begun + (fold.roster.recovery?.delay ?? Infinity) > waited) {
    throw notWaited('its checkpoints are less than the delay apart')
  }
}

// A checkpoint of this ledger that covers the recovery.
async function covering(fold: Fold, pending: Pending, text: string): Promise<Checkpoint> {
  let checkpoint: Checkpoint
  try {
    checkpoint = await Note.parse(fold.org, text).verify(fold.org, fold.roster)
  } catch (error) {
    if (error instanceof TrustError) throw notWaited('a checkpoint cannot be read or verified')
    throw error
  }
  const { size, root } = checkpoint.head
  if (size <= pending.index || fold.tree.rootAt(size) !== root) {
    throw notWaited('a checkpoint is not about this ledger with the recovery in it')
  }
  return checkpoint
}

/** Another roster counts: those that wait were proposed in the place of the one before it. */
export function supersedeRecoveries({ recoveries }: Fold): void {
  for (const [id, fate] of recoveries) if (typeof fate !== 'string') recoveries.set(id, 'superseded')
}

const fateOf = (fold: Fold, target: Target) =>
  target !== '*' && 'recovery' in target ? fold.recoveries.get(target.recovery) : undefined

/** Whether this is the veto of a recovery that took effect. */
export const isTooLate = (fold: Fold, target: Target): boolean => fateOf(fold, target) === 'in_force'

/** Whether this is the veto of a recovery that waits no more: the ledger lacks nothing without it. */
export const isMoot = (fold: Fold, target: Target): boolean =>
  isTooLate(fold, target) || fateOf(fold, target) === 'superseded'
