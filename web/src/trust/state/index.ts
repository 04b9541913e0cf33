// What a ledger means: the fold of its leaves, and the revocations held beside it.

import { type Hash, type KeyId, type OrgId, type StatementId, type WarrantId, sha256 } from '../bytes'
import { Envelope } from '../envelope'
import type { PublicKey } from '../key'
import { type Admin, type Role, type Roster, type Seen, type Target, adminOf, sameTarget } from '../statement'
import { Tree } from '../tree'
import { Inert, apply, asInert, consider, readGenesis } from './fold'
import { considerHold, releaseLostSuspensions } from './hold'
import { type Entry, type Fold, type Held, type NotInForce, type Outcome, type Pending, type PolicyEntry, knownKey, rosterIndex } from './model'
import { heldReach, isSequencedRevoked, isTainted } from './power'
import { prepare } from './prepare'
import { isMoot, isTooLate, pendingOf } from './recovery'

export { Inert } from './fold'
export { HoldError } from './hold'
export type { Entry, Held, NotInForce, Outcome, Pending, PolicyEntry } from './model'
export { begunAt, waitedAt } from './recovery'

/** The folded ledger of one organisation. */
export class State {
  readonly #fold: Fold
  // Appends run one after the other, whoever calls.
  #last: Promise<unknown> = Promise.resolve()

  private constructor(fold: Fold) {
    this.#fold = fold
  }

  /** Starts from the first leaf, which must be the genesis that hashes to `org`; throws {@link Inert}. */
  static async genesis(org: OrgId, leaf: Uint8Array): Promise<State> {
    if ((sha256(leaf) as string) !== org) {
      throw new Inert('other_organisation', 'it belongs to another organisation')
    }
    const tree = new Tree()
    const { id, payload, roster, power } = await readGenesis(leaf, tree.root)
    tree.push(leaf)
    return new State({
      org,
      tree,
      roster,
      rosters: [{ roster, index: 0, power }],
      givenIds: new Set([id]),
      revokeIds: new Set(),
      counted: new Set([payload]),
      entries: new Map(),
      policies: new Map(),
      revoked: { keys: new Map(), admits: new Map(), policies: new Set(), warrants: new Set() },
      recoveries: new Map(),
      suspended: false,
      revokeIndices: [],
      inert: [],
      closed: undefined,
      held: new Map(),
    })
  }

  /** Folds a whole ledger from its genesis. */
  static async fold(org: OrgId, leaves: readonly Uint8Array[]): Promise<State> {
    const state = await State.genesis(org, leaves[0] ?? new Uint8Array(0))
    await state.appendAll(leaves.slice(1))
    return state
  }

  /** Adds a leaf to the tree and, if it counts, to the state. */
  async append(leaf: Uint8Array): Promise<Outcome> {
    return (await this.appendAll([leaf]))[0]!
  }

  /** Adds leaves in order. Their signatures are checked side by side. */
  appendAll(leaves: readonly Uint8Array[]): Promise<Outcome[]> {
    const run = this.#last.then(async () => {
      const outcomes: Outcome[] = []
      for await (const [leaf, envelope] of prepare(this.#fold, leaves)) outcomes.push(await this.#append(leaf, envelope))
      return outcomes
    })
    this.#last = run.catch(() => undefined)
    return run
  }

  async #append(leaf: Uint8Array, envelope: Envelope | Inert): Promise<Outcome> {
    const fold = this.#fold
    const index = fold.tree.size
    try {
      if (envelope instanceof Inert) throw envelope
      const effect = await consider(fold, envelope)
      fold.tree.push(leaf)
      apply(fold, index, effect)
      if (rosterIndex(fold) === index) await releaseLostSuspensions(fold)
      return { counts: true }
    } catch (error) {
      const why = asInert(error)
      fold.tree.push(leaf)
      // The ledger says the same already: there is nothing left to hold.
      if (why.code === 'already_revoked' && envelope instanceof Envelope) fold.held.delete(sha256(envelope.payload))
      fold.inert.push({ index, why })
      return { counts: false, why }
    }
  }

  /** What {@link append} would say of this leaf, without adding it. */
  async check(leaf: Uint8Array): Promise<Outcome> {
    await this.#last
    try {
      await consider(this.#fold, Envelope.parse(leaf))
      return { counts: true }
    } catch (error) {
      return { counts: false, why: asInert(error) }
    }
  }

  /** Takes a revocation ahead of the ledger; throws {@link HoldError}. Returns whether it is new. */
  hold(envelope: Envelope): Promise<boolean> {
    const run = this.#last.then(() => considerHold(this.#fold, envelope))
    this.#last = run.catch(() => undefined)
    return run
  }

  /** The held revocations that the ledger still lacks. */
  held(): Held[] {
    const fold = this.#fold
    return [...fold.held.values()].filter(
      (held) => !isSequencedRevoked(fold, held.target, heldReach(fold, held)) && !isMoot(fold, held.target),
    )
  }

  get org(): OrgId {
    return this.#fold.org
  }

  /** How many leaves, and the root over them. */
  get head(): Seen {
    return { size: this.#fold.tree.size, root: this.#fold.tree.root }
  }

  /** The root when the ledger had `size` leaves. */
  rootAt(size: number): Hash | undefined {
    return this.#fold.tree.rootAt(size)
  }

  /** The roster in force. */
  get roster(): Roster {
    return this.#fold.roster
  }

  /** All admitted keys, in force or not. */
  get entries(): ReadonlyMap<KeyId, Entry> {
    return this.#fold.entries
  }

  /** The admission of a key in `role`, if it counts at `now` (milliseconds); else why not. */
  inForce(keyid: KeyId, role: Role, now: number): Entry | NotInForce {
    const entry = this.#fold.entries.get(keyid)
    if (!entry || entry.role !== role) return 'not_admitted'
    if (this.isKeyRevoked(keyid) || this.#isRevoked({ admit: entry.admit })) return 'revoked'
    if (isTainted(this.#fold, entry.index, entry.power)) return 'tainted'
    return now >= entry.until ? 'expired' : entry
  }

  /** The admin with this key, if it was not revoked. */
  admin(keyid: KeyId): Admin | undefined {
    return this.isKeyRevoked(keyid) ? undefined : adminOf(this.#fold.roster, keyid)
  }

  /** The policies that count, by name. */
  policies(): PolicyEntry[] {
    return [...this.#fold.policies.values()]
      .filter((p) => !this.#isRevoked({ policy: p.id }) && !isTainted(this.#fold, p.index, p.power))
      .sort((a, b) => (a.policy.name < b.policy.name ? -1 : 1))
  }

  /** Whether everything is suspended by a revocation of `*` that no newer roster lifted. */
  get isSuspended(): boolean {
    return this.#isRevoked('*')
  }

  /** Recoveries that wait, without those whose veto is held. */
  recoveries(): Pending[] {
    return pendingOf(this.#fold)
      .filter(({ id }) => !this.#isRevoked({ recovery: id }))
      .sort((a, b) => a.index - b.index)
  }

  /**
   * Whether the roster itself owes its power to a key whose revoker did not know of it, or to a recovery whose veto the
   * ledger lacks.
   */
  get isRosterTainted(): boolean {
    const fold = this.#fold
    const isVetoedInVain = [...fold.held.values()].some((held) => isTooLate(fold, held.target))
    const { index, power } = fold.rosters.at(-1)!
    return isVetoedInVain || isTainted(fold, index, power)
  }

  /** The leaf that this version cannot read although k admins signed it: nothing opens until the program is newer. */
  get closedBy(): number | undefined {
    return this.#fold.closed
  }

  /** Leaves that do not count, with the reason: the service should not have sequenced them. */
  get inert(): readonly { readonly index: number; readonly why: Inert }[] {
    return this.#fold.inert
  }

  /** Places of all revocations that counted. */
  get revokeIndices(): readonly number[] {
    return this.#fold.revokeIndices
  }

  /** Whether the ledger carries this statement and it counts. Ask with the envelope: anybody can reuse an id. */
  carries(envelope: Envelope): boolean {
    return this.#fold.counted.has(sha256(envelope.payload))
  }

  /** Whether some statement with this id counts in the ledger; for showing, see {@link carries}. */
  hasStatement(id: StatementId): boolean {
    return this.#fold.givenIds.has(id) || this.#fold.revokeIds.has(id)
  }

  /** Whether this key is revoked, by the ledger or a held revocation. */
  isKeyRevoked(key: KeyId): boolean {
    return this.#isRevoked({ key })
  }

  /** Whether this warrant is revoked. */
  isWarrantRevoked(warrant: WarrantId): boolean {
    return this.#isRevoked({ warrant })
  }

  /** A key the ledger knows, in force or not: an admin's, an admitted one or a recovery key. */
  knownKey(keyid: KeyId): PublicKey | undefined {
    return knownKey(this.#fold, keyid)
  }

  #isRevoked(target: Target): boolean {
    return (
      isSequencedRevoked(this.#fold, target, Infinity) ||
      [...this.#fold.held.values()].some((held) => sameTarget(held.target, target))
    )
  }
}
