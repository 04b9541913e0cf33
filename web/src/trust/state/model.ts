// What a fold holds.

import type { Hash, KeyId, OrgId, StatementId, WarrantId } from '../bytes'
import type { Envelope, Signed } from '../envelope'
import type { PublicKey } from '../key'
import { type Policy, type Role, type Roster, type Seen, type Subject, type Target, adminOf, recoveryKeyOf } from '../statement'
import type { Tree } from '../tree'
import type { Inert } from './fold'

/** An admitted key. */
export interface Entry {
  readonly role: Role
  readonly subject: Subject
  readonly groups: readonly string[]
  /** In force before this time, in milliseconds. */
  readonly until: number
  /** The statement that admitted it, and its place in the ledger. */
  readonly admit: StatementId
  readonly index: number
  readonly power: Power
}

/** A policy with where it came from. */
export interface PolicyEntry {
  readonly policy: Policy
  readonly id: StatementId
  readonly index: number
  readonly power: Power
}

/** The signatures that gave something power. */
export interface Power {
  /** Who signed, of those whom `by` names. */
  readonly signers: readonly Signed[]
  /** As admins, as holders of recovery keys, or as the enroller whom this statement admitted. */
  readonly by: 'admins' | 'recovery_keys' | { readonly enroller: StatementId }
}

/** A roster with where it came from. */
export interface RosterEntry {
  readonly roster: Roster
  readonly index: number
  readonly power: Power
}

/** A recovery that waits. */
export interface Pending {
  /** The statement that proposed it, and its place in the ledger. */
  readonly id: StatementId
  readonly index: number
  /** When its author signed, by his clock: his word, for showing. */
  readonly at: number
  /** The roster that takes effect. */
  readonly roster: Roster
  /** The recovery keys that signed it. */
  readonly power: Power
}

/** What became of a recovery. */
export type Fate = Pending | 'vetoed' | 'superseded' | 'in_force'

/** What a leaf did: it counts, or it is in the tree and means nothing. */
export type Outcome = { readonly counts: true } | { readonly counts: false; readonly why: Inert }

/** Why a key does not count now. */
export type NotInForce = 'not_admitted' | 'expired' | 'revoked' | 'tainted'

/** What the fold changes; only the files of this folder write it. */
export interface Fold {
  readonly org: OrgId
  readonly tree: Tree
  roster: Roster
  /** All rosters that took effect, the genesis first and the one in force last. */
  readonly rosters: RosterEntry[]
  readonly givenIds: Set<StatementId>
  readonly revokeIds: Set<StatementId>
  /** Hashes of the payloads of all statements that count. */
  readonly counted: Set<Hash>
  readonly entries: Map<KeyId, Entry>
  readonly policies: Map<string, PolicyEntry>
  readonly revoked: {
    // With the place from which on nothing that it gave counts either, see power.ts.
    readonly keys: Map<KeyId, number>
    readonly admits: Map<StatementId, number>
    readonly policies: Set<StatementId>
    readonly warrants: Set<WarrantId>
  }
  readonly recoveries: Map<StatementId, Fate>
  suspended: boolean
  readonly revokeIndices: number[]
  readonly inert: { readonly index: number; readonly why: Inert }[]
  closed: number | undefined
  readonly held: Map<Hash, Held>
}

/** A revocation held beside the ledger. */
export interface Held {
  readonly target: Target
  readonly envelope: Envelope
  /** The ledger's size when it was taken. */
  readonly since: number
  /** The ledger its author knew. */
  readonly seen: Seen
  /** Whether the revoked key alone signed. */
  readonly byItself: boolean
}

/** Where the roster in force stands in the ledger. */
export const rosterIndex = (fold: Fold): number => fold.rosters.at(-1)!.index

/** A key the ledger knows, in force or not. */
export const knownKey = (fold: Fold, keyid: KeyId): PublicKey | undefined =>
  adminOf(fold.roster, keyid)?.key ?? fold.entries.get(keyid)?.subject.key ?? recoveryKeyOf(fold.roster, keyid)
