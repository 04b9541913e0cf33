// Appending leaves: who may say what, and in which order it counts. The same checks in the same order as
// crates/trust/src/state/fold.rs: every replica must skip the same leaves.

import { type Hash, type KeyId, type StatementId, ZEROS_32, sha256 } from '../bytes'
import { Envelope, type Signed } from '../envelope'
import { TrustError } from '../error'
import { type Json, parseJson } from '../json'
import type { PublicKey } from '../key'
import { ENTRIES_MAX, INTEGER_MAX, QUORUM_0_ADMIT_MS_MAX } from '../limits'
import { admitFault, policyFault, rosterFault } from '../shape'
import {
  type Admit,
  type Policy,
  type Revoke,
  type Roster,
  type Seen,
  type Statement,
  type Target,
  adminOf,
  statement,
} from '../statement'
import { isLine } from '../text'
import { areEnoughAdmins, enoughAdmins, persons } from './admins'
import { type Fold, type Pending, type Power, knownKey, rosterIndex } from './model'
import { isSequencedRevoked, reachOf } from './power'
import { considerRecover, considerRecovery, isGoverning, isTooLate, pendingKeys, supersedeRecoveries } from './recovery'

export type InertCode =
  | 'unreadable'
  | 'other_organisation'
  | 'repeated'
  | 'shape'
  | 'forked'
  | 'superseded'
  | 'too_few_admins'
  | 'vendor_origin'
  | 'no_authority'
  | 'role_conflict'
  | 'already_revoked'
  | 'full'
  | 'too_few_recovery_keys'
  | 'no_recovery'
  | 'not_waited'
  | 'too_late'

/** Why a leaf does not count. */
export class Inert extends TrustError {
  constructor(
    override readonly code: InertCode,
    message: string,
  ) {
    super(code, message)
  }
}

/** An error of an envelope as the reason why its leaf is inert; anything else is a defect and goes on. */
export function asInert(error: unknown): Inert {
  if (error instanceof Inert) return error
  if (error instanceof TrustError) return new Inert('unreadable', `it cannot be read or verified: ${error.message}`)
  throw error
}

/** What a leaf that counts changes. */
type Effect =
  | { roster: Roster; power: Power }
  | { admit: Admit; power: Power }
  | { policy: Policy; power: Power }
  | { proposal: Pending }
  | { recovered: Pending }
  | Revocation
  | 'close'

/** A revocation that its signers may say. */
interface Revocation {
  revoke: Target
  reach: number
  /** Whether the revoked key alone signed. */
  byItself: boolean
}

/** A leaf that counts. */
interface Counted {
  id: StatementId | undefined
  payload: Hash
  effect: Effect
}

const shape = (fault: string) => new Inert('shape', fault)

const superseded = () =>
  new Inert('superseded', 'the ledger moved on since its author looked; it must be signed anew')

/** Reads the first leaf. */
export async function readGenesis(
  leaf: Uint8Array,
  emptyRoot: Hash,
): Promise<{ id: StatementId; payload: Hash; roster: Roster; power: Power }> {
  try {
    const envelope = Envelope.parse(leaf)
    const { org, id, seen, say } = envelope.read('statement', statement)
    if (!('roster' in say)) throw shape('the first statement is not a roster')
    if (org !== ZEROS_32 || seen.size !== 0 || seen.root !== emptyRoot) {
      throw shape('the first statement names an organisation or a ledger before it')
    }
    const { roster } = say
    if (roster.version !== 1) throw shape('the first roster is not version 1')
    const fault = rosterFault(roster)
    if (fault) throw shape(fault)
    const signers = await envelope.verify('statement', (keyid) => adminOf(roster, keyid)?.key)
    return { id, payload: sha256(envelope.payload), roster, power: enoughAdmins(roster, signers, () => false) }
  } catch (error) {
    throw asInert(error)
  }
}

/** What a leaf would change; throws why it does not count. */
export async function consider(fold: Fold, envelope: Envelope): Promise<Counted> {
  const payload = sha256(envelope.payload)
  let said: Statement
  try {
    said = envelope.read('statement', statement)
  } catch (error) {
    return { id: undefined, payload, effect: await considerUnreadable(fold, envelope, error) }
  }
  const { org, id, at, seen, say } = said
  if (org !== fold.org) throw new Inert('other_organisation', 'it belongs to another organisation')
  if (at > INTEGER_MAX || seen.size > INTEGER_MAX) throw shape('a number is larger than 2^53 - 1')
  // Revocations are known by their content: an id can be chosen to shadow another statement.
  const isGiving = !('revoke' in say)
  if (fold.counted.has(payload) || (isGiving && fold.givenIds.has(id))) {
    throw new Inert('repeated', 'a statement with its id already counts')
  }
  return { id, payload, effect: await considerSaid(fold, envelope, said) }
}

async function considerSaid(fold: Fold, envelope: Envelope, said: Statement): Promise<Effect> {
  const { seen, say } = said
  if ('roster' in say) return considerRoster(fold, envelope, said, say.roster)
  if ('admit' in say) return considerAdmit(fold, envelope, said, say.admit)
  if ('policy' in say) return considerPolicy(fold, envelope, seen, say.policy)
  if ('recover' in say) return { recovered: await considerRecover(fold, envelope, seen, say.recover) }
  return considerRevoke(fold, envelope, said, say.revoke)
}

// A statement of a kind or with a member this version does not know means nothing, unless k admins signed it: then it
// may take power away, and nothing opens until the program can read it.
async function considerUnreadable(fold: Fold, envelope: Envelope, why: unknown): Promise<Effect> {
  const signers = await signersOf(fold, envelope)
  if (orgOf(envelope) === fold.org && areEnoughAdmins(fold.roster, signers, isRevokedIn(fold))) return 'close'
  throw asInert(why)
}

function orgOf(envelope: Envelope): Json | undefined {
  try {
    const json = parseJson(envelope.payload)
    return json instanceof Map ? json.get('org') : undefined
  } catch {
    return undefined
  }
}

const isRevokedIn = (fold: Fold) => (key: KeyId) => fold.revoked.keys.has(key)

async function considerRoster(fold: Fold, envelope: Envelope, said: Statement, roster: Roster): Promise<Effect> {
  checkOrder(fold, said.seen)
  const isRevoked = isRevokedIn(fold)
  const newKeys = roster.admins.map((admin) => admin.key)
  const signers = await signersOf(fold, envelope, newKeys)
  const { byAdmins, power } = rosterPowerOf(fold, said, roster, signers)
  if (roster.format > 1) return 'close'
  const fault = rosterFault(roster)
  if (fault) throw shape(fault)
  if (roster.version !== fold.roster.version + 1) throw shape('its version is not the next one')
  if (newKeys.some((key) => isRevoked(key.id))) throw shape('it lists a revoked key')
  if ([...newKeys, ...(roster.recovery?.keys ?? [])].some((key) => fold.entries.has(key.id))) throw roleConflict()
  enoughAdmins(roster, signers, isRevoked)
  if (byAdmins) return { roster, power }
  return { proposal: { id: said.id, index: fold.tree.size, at: said.at, roster, power } }
}

// Whose signatures give a roster power: k admins', else recovery keys'.
function rosterPowerOf(
  fold: Fold,
  { id }: Statement,
  roster: Roster,
  signers: readonly Signed[],
): { byAdmins: boolean; power: Power } {
  try {
    return { byAdmins: true, power: enoughAdmins(fold.roster, signers, isRevokedIn(fold)) }
  } catch (why) {
    return { byAdmins: false, power: considerRecovery(fold, id, roster, signers, why) }
  }
}

const roleConflict = () => new Inert('role_conflict', 'a key it names already has another role')

async function considerAdmit(fold: Fold, envelope: Envelope, said: Statement, admit: Admit): Promise<Effect> {
  const { at, seen } = said
  const fault = admitFault(admit)
  if (fault) throw shape(fault)
  checkOrder(fold, seen)
  if (admit.until > INTEGER_MAX) throw shape('a number is larger than 2^53 - 1')
  if (fold.roster.quorum === 0 && admit.role === 'technician' && admit.until - at > QUORUM_0_ADMIT_MS_MAX) {
    throw shape('without witnesses a technician is admitted for 30 days at most')
  }
  for (const { key } of admit.subjects) {
    const known = fold.entries.get(key.id)
    if ((known && known.role !== admit.role) || isGoverning(fold, key.id)) throw roleConflict()
    if (known && known.index >= seen.size) throw superseded()
  }
  const signers = await signersOf(fold, envelope)
  const power = powerOf(fold, signers, at, admit)
  checkRoom(fold, admit.subjects.length)
  return { admit, power }
}

function powerOf(fold: Fold, signers: readonly Signed[], at: number, admit: Admit): Power {
  try {
    return enoughAdmins(fold.roster, signers, isRevokedIn(fold))
  } catch (why) {
    const signer = signers.find(({ keyid }) => isEnrollerOf(fold, keyid, at, admit))
    if (!signer) throw why
    return { signers: [signer], by: { enroller: fold.entries.get(signer.keyid)!.admit } }
  }
}

// An enroller in force whose groups and time cover the admission.
function isEnrollerOf(fold: Fold, keyid: KeyId, at: number, admit: Admit): boolean {
  const entry = fold.entries.get(keyid)
  if (entry?.role !== 'enroller' || admit.role !== 'device') return false
  const groupsFit = admit.groups.length > 0 && admit.groups.every((group) => entry.groups.includes(group))
  const timeFits = at < entry.until && admit.until <= entry.until
  const isRevoked = fold.revoked.keys.has(keyid) || fold.revoked.admits.has(entry.admit)
  return groupsFit && timeFits && !isRevoked && areNewOrOf(fold, entry.groups, admit)
}

// An enroller moves no device out of a group that is not his: another policy would cover it.
const areNewOrOf = (fold: Fold, groups: readonly string[], { subjects }: Admit): boolean =>
  subjects.every(({ key }) => (fold.entries.get(key.id)?.groups ?? []).every((group) => groups.includes(group)))

async function considerPolicy(fold: Fold, envelope: Envelope, seen: Seen, policy: Policy): Promise<Effect> {
  const fault = policyFault(policy)
  if (fault) throw shape(fault)
  checkOrder(fold, seen)
  const known = fold.policies.get(policy.name)
  if (known && known.index >= seen.size) throw superseded()
  const signers = await signersOf(fold, envelope)
  const power = enoughAdmins(fold.roster, signers, isRevokedIn(fold))
  checkRoom(fold, 1)
  return { policy, power }
}

/** Taking power needs one signature, whatever history its author knew. */
export async function considerRevoke(
  fold: Fold,
  envelope: Envelope,
  { at, seen }: Statement,
  revoke: Revoke,
): Promise<Revocation> {
  if (!isLine(revoke.reason)) throw shape('its reason is not one line of 1 to 200 characters')
  const { target } = revoke
  const signers = await signersOf(fold, envelope, pendingKeys(fold))
  const others = signers.filter(({ keyid }) => keyid !== keyOf(target))
  const byOthers =
    others.some(({ keyid }) => mayRevoke(fold, keyid, at, target)) || adminsMayRevokeAdmin(fold, others, target)
  if (!byOthers && others.length === signers.length) {
    throw new Inert('no_authority', 'none of its signers may say this')
  }
  if (isTooLate(fold, target)) throw new Inert('too_late', 'the recovery it vetoes has taken effect already')
  const reach = reachOf(fold, seen, fold.tree.size, !byOthers)
  if (isSequencedRevoked(fold, target, reach)) {
    throw new Inert('already_revoked', 'what it revokes is revoked already')
  }
  return { revoke: target, reach, byItself: !byOthers }
}

const keyOf = (target: Target): KeyId | undefined => (target !== '*' && 'key' in target ? target.key : undefined)

function mayRevoke(fold: Fold, signer: KeyId, at: number, target: Target): boolean {
  const aim = keyOf(target)
  if (fold.revoked.keys.has(signer)) return false
  const admin = adminOf(fold.roster, signer)
  if (admin) {
    // One admin alone takes power from anybody but another admin, and stops no recovery.
    if (aim === undefined) return target === '*' || !('recovery' in target)
    const other = adminOf(fold.roster, aim)
    return other ? other.person === admin.person : !isGoverning(fold, aim)
  }
  const stopper = fold.entries.get(signer)
  if (stopper?.role !== 'stopper' || at >= stopper.until || fold.revoked.admits.has(stopper.admit)) return false
  if (aim !== undefined) return fold.entries.get(aim)?.role === 'technician'
  return target === '*' || 'warrant' in target
}

function adminsMayRevokeAdmin(fold: Fold, signers: readonly Signed[], target: Target): boolean {
  const have = persons(fold.roster, signers, (key) => fold.revoked.keys.has(key))
  const isAdmins = target !== '*' && ('key' in target || 'recovery' in target)
  return isAdmins && have >= fold.roster.threshold
}

/** The signers whose keys the ledger knows, or that are among `extra`. */
export function signersOf(fold: Fold, envelope: Envelope, extra: readonly PublicKey[] = []): Promise<Signed[]> {
  return envelope.verify('statement', (keyid) => knownKey(fold, keyid) ?? extra.find((key) => key.id === keyid))
}

// A giving statement counts only if its author knew this history, up to the last revocation and roster.
function checkOrder(fold: Fold, seen: Seen): void {
  if (fold.tree.rootAt(seen.size) !== seen.root) {
    throw new Inert('forked', 'its author saw another history of this ledger')
  }
  const lastRevoke = fold.revokeIndices.at(-1) ?? -1
  if (rosterIndex(fold) >= seen.size || lastRevoke >= seen.size) throw superseded()
}

function checkRoom(fold: Fold, more: number): void {
  if (fold.entries.size + fold.policies.size + more > ENTRIES_MAX) {
    throw new Inert('full', `the ledger admits no more than ${ENTRIES_MAX} keys and policies`)
  }
}

/** Makes a leaf's change. */
export function apply(fold: Fold, index: number, { id, payload, effect }: Counted): void {
  if (effect === 'close' || id === undefined) {
    fold.closed = index
    return
  }
  fold.counted.add(payload)
  if ('revoke' in effect) {
    fold.revokeIndices.push(index)
    fold.revokeIds.add(id)
    fold.held.delete(payload)
    revoke(fold, effect)
    return
  }
  fold.givenIds.add(id)
  if ('roster' in effect) {
    takeRoster(fold, index, effect)
  } else if ('proposal' in effect) {
    fold.recoveries.set(id, effect.proposal)
  } else if ('recovered' in effect) {
    fold.recoveries.set(effect.recovered.id, 'in_force')
    takeRoster(fold, index, effect.recovered)
  } else if ('admit' in effect) {
    const { role, groups, until, subjects } = effect.admit
    for (const subject of subjects) {
      const entry = { role, subject, groups, until, admit: id, index, power: effect.power }
      fold.entries.set(subject.key.id, entry)
    }
  } else {
    fold.policies.set(effect.policy.name, { policy: effect.policy, id, index, power: effect.power })
  }
}

function takeRoster(fold: Fold, index: number, { roster, power }: { roster: Roster; power: Power }): void {
  fold.roster = roster
  fold.rosters.push({ roster, index, power })
  fold.suspended = false
  supersedeRecoveries(fold)
}

function revoke(fold: Fold, { revoke: target, reach }: Revocation): void {
  if (target === '*') fold.suspended = true
  else if ('key' in target) fold.revoked.keys.set(target.key, reach)
  else if ('admit' in target) fold.revoked.admits.set(target.admit, reach)
  else if ('policy' in target) fold.revoked.policies.add(target.policy)
  else if ('warrant' in target) fold.revoked.warrants.add(target.warrant)
  else fold.recoveries.set(target.recovery, 'vetoed')
}
