// What admins and keys say in the ledger: `roster`, `admit`, `policy`, `revoke`, `recover`. Forms only; when they count is
// state/.

import type { Bytes, Hash, KeyId, OrgId, StatementId, WarrantId, X25519Public } from './bytes'
import { type PublicKey, publicKey } from './key'
import {
  type Schema,
  blob,
  flag,
  flagOrNone,
  i16,
  id,
  list,
  listOrNone,
  object,
  oneOf,
  optional,
  text,
  u16,
  u32,
  u64,
  u8,
  variant,
} from './schema'
import { SCOPES, type Scope } from './scope'

/** A statement as signed. `at` in milliseconds; `seen` is the ledger its author knew. */
export interface Statement {
  /** 32 zero bytes in the genesis, whose hash is the organisation. */
  org: OrgId
  /** Random, unique in the ledger. */
  id: StatementId
  at: number
  seen: Seen
  say: Say
}

/** A ledger's head: how many leaves, and the Merkle root over them. */
export interface Seen {
  size: number
  root: Hash
}

export type Say = { roster: Roster } | { admit: Admit } | { policy: Policy } | { revoke: Revoke } | { recover: Recover }

/** The organisation's constitution. Version 1 is the genesis. */
export interface Roster {
  version: number
  /** The statement format in use; this code knows 1. */
  format: number
  name: string
  /** Its domain in ASCII, shown to end users. */
  domain: string
  admins: Admin[]
  /** How many distinct admins give power. */
  threshold: number
  recovery?: Recovery | undefined
  /** Ed25519 key that signs the service's checkpoints. */
  log_key: PublicKey
  witnesses: WitnessEntry[]
  /** How many witnesses make a checkpoint fresh. */
  quorum: number
  /** How old a cosignature may be, in milliseconds. */
  max_age: number
  /** Where passkeys and page-held keys may sign. */
  console_origins: ConsoleOrigin[]
  /** Receipts' bodies are sealed to it. */
  audit_key: X25519Public
  /** Labels are sealed to it. */
  directory_key: X25519Public
}

/** One admin key. Two keys of one person count once. */
export interface Admin {
  key: PublicKey
  person: string
  /** Commitment to the person's name. */
  name?: Hash | undefined
  /** The name, sealed to the directory key. */
  label?: Bytes | undefined
  directory?: DirectoryShare | undefined
}

/** The directory's private key sealed to one member, who can then read labels. */
export interface DirectoryShare {
  to: X25519Public
  sealed: Bytes
}

/** Offline keys for the day all admin keys are lost. `delay` in milliseconds of witnessed time. */
export interface Recovery {
  keys: PublicKey[]
  delay: number
}

/** A witness the organisation trusts to look. */
export interface WitnessEntry {
  name: string
  key: PublicKey
  /** Whether it folds the ledger and refuses one that lacks a revocation it was handed. */
  holds_revocations: boolean
  /** Where revocations are handed to it. */
  url?: string | undefined
}

/** An origin of console code, and whose web server it is. */
export interface ConsoleOrigin {
  origin: string
  owner: Owner
}

/** Signatures on a customer's origin can give power, those on a vendor's cannot. */
export type Owner = 'customer' | 'vendor'

/** Keys that may act in one role, in force before `until` (milliseconds). */
export interface Admit {
  role: Role
  subjects: Subject[]
  groups: string[]
  until: number
}

/** The device group of machines that joined by a code: policies may name it, admissions may not. */
export const JOINED_GROUP = 'joined'

export type Role = 'technician' | 'device' | 'enroller' | 'stopper'

/** One admitted key. */
export interface Subject {
  key: PublicKey
  /** A device's channel key. */
  noise?: X25519Public | undefined
  /** A technician's opaque person. */
  person?: string | undefined
  /** Commitment to a technician's name. */
  name?: Hash | undefined
  /** Host name or person's name, sealed to the directory key. */
  label?: Bytes | undefined
  directory?: DirectoryShare | undefined
}

/** What technicians of a group may do on devices of a group. */
export interface Policy {
  /** Replaces the policy of the same name. */
  name: string
  technicians: string
  devices: string
  /** Group whose members approve; `admins` means the roster's admins. */
  approvers?: string | undefined
  scopes: Scope[]
  max_seconds: number
  /** Whether nobody at the device needs to be asked. */
  unattended: boolean
  approvals: number
  hours?: Hours | undefined
  /** Openings of one technician on one device within an hour; unlimited if absent. */
  openings_per_hour?: number | undefined
  /** Distinct devices of one person within an hour, over the whole fleet, as witnesses count them; not counted if absent. */
  devices_per_hour?: number | undefined
  /** Whether an attended session may open on a ledger that no witness calls fresh. */
  attended_when_stale: boolean
  /** Folders beneath which files are listed and fetched; everything that the device shares if there are none. */
  read_under: string[]
  /** Folders beneath which files are put; everything that the device shares if there are none. */
  write_under: string[]
  /** Users as whom shells run, the warrant names one of them; the user of the display if there are none. */
  shell_as: string[]
  /** Whether the warrant has to name a ticket. */
  ticket_required: boolean
}

/** A weekly window: on `days` (0 is Monday) from minute to minute of a clock `offset_minutes` east of UTC. */
export interface Hours {
  days: number[]
  from_minute: number
  to_minute: number
  offset_minutes: number
}

/** What no longer counts, for good. */
export interface Revoke {
  target: Target
  reason: string
}

export type Target =
  | '*'
  | { key: KeyId }
  | { admit: StatementId }
  | { policy: StatementId }
  | { warrant: WarrantId }
  | { recovery: StatementId }

/** That a recovery has waited: two checkpoints with all witnesses' cosignatures, at least the delay apart. */
export interface Recover {
  /** The statement that holds the recovery's roster. */
  recovery: StatementId
  /** A checkpoint over the recovery, from which on it waits. */
  begun: string
  /** A checkpoint over the recovery, after the delay. */
  waited: string
}

export const seen: Schema<Seen> = object<Seen>({ size: u64, root: id<Hash>(32) })

const x25519 = id<X25519Public>(32)
const directoryShare = object<DirectoryShare>({ to: x25519, sealed: blob })

export const roster: Schema<Roster> = object<Roster>({
  version: u64,
  format: u64,
  name: text,
  domain: text,
  admins: list(
    object<Admin>({
      key: publicKey,
      person: text,
      name: optional(id<Hash>(32)),
      label: optional(blob),
      directory: optional(directoryShare),
    }),
  ),
  threshold: u64,
  recovery: optional(object<Recovery>({ keys: list(publicKey), delay: u64 })),
  log_key: publicKey,
  witnesses: listOrNone(
    object<WitnessEntry>({ name: text, key: publicKey, holds_revocations: flag, url: optional(text) }),
  ),
  quorum: u64,
  max_age: u64,
  console_origins: listOrNone(object<ConsoleOrigin>({ origin: text, owner: oneOf<Owner>('customer', 'vendor') })),
  audit_key: x25519,
  directory_key: x25519,
})

export const role: Schema<Role> = oneOf<Role>('technician', 'device', 'enroller', 'stopper')
export const scope: Schema<Scope> = oneOf<Scope>(...SCOPES)

const admit = object<Admit>({
  role,
  subjects: list(
    object<Subject>({
      key: publicKey,
      noise: optional(x25519),
      person: optional(text),
      name: optional(id<Hash>(32)),
      label: optional(blob),
      directory: optional(directoryShare),
    }),
  ),
  groups: list(text),
  until: u64,
})

const policy = object<Policy>({
  name: text,
  technicians: text,
  devices: text,
  approvers: optional(text),
  scopes: list(scope),
  max_seconds: u64,
  unattended: flag,
  approvals: u8,
  hours: optional(object<Hours>({ days: list(u8), from_minute: u16, to_minute: u16, offset_minutes: i16 })),
  openings_per_hour: optional(u32),
  devices_per_hour: optional(u32),
  attended_when_stale: flagOrNone,
  read_under: listOrNone(text),
  write_under: listOrNone(text),
  shell_as: listOrNone(text),
  ticket_required: flagOrNone,
})

const keyed = variant<Exclude<Target, '*'>>({
  key: id<KeyId>(32),
  admit: id<StatementId>(16),
  policy: id<StatementId>(16),
  warrant: id<WarrantId>(16),
  recovery: id<StatementId>(16),
})

const target: Schema<Target> = {
  read: (json, where) => (json === '*' ? '*' : keyed.read(json, where)),
  write: (value) => (value === '*' ? '*' : keyed.write(value)),
}

const revoke = object<Revoke>({ target, reason: text })

const recover = object<Recover>({ recovery: id<StatementId>(16), begun: text, waited: text })

/** A statement's form. */
export const statement: Schema<Statement> = object<Statement>({
  org: id<OrgId>(32),
  id: id<StatementId>(16),
  at: u64,
  seen,
  say: variant<Say>({ roster, admit, policy, revoke, recover }),
})

/** Whether `now` (milliseconds) lies inside. */
export function hoursContain(hours: Hours, now: number): boolean {
  const minutes = Math.floor(now / 60_000) + hours.offset_minutes
  // 1 January 1970 was a Thursday.
  const day = (((Math.floor(minutes / 1440) + 3) % 7) + 7) % 7
  const minute = ((minutes % 1440) + 1440) % 1440
  return hours.days.includes(day) && minute >= hours.from_minute && minute < hours.to_minute
}

/** The admin with this key. */
export const adminOf = (roster: Roster, keyid: KeyId): Admin | undefined =>
  roster.admins.find((admin) => admin.key.id === keyid)

/** The recovery key with this id. */
export const recoveryKeyOf = (roster: Roster, keyid: KeyId): PublicKey | undefined =>
  roster.recovery?.keys.find((key) => key.id === keyid)

/** How many recovery keys a recovery takes: as many as admins give power, or all there are. */
export const recoveryNeed = ({ recovery, threshold }: Roster): number =>
  Math.min(threshold, recovery?.keys.length ?? Infinity)

/** Who owns a console origin, if it is listed. */
export const originOwner = (roster: Roster, origin: string): Owner | undefined =>
  roster.console_origins.find((o) => o.origin === origin)?.owner

/** Whether two targets are the same. */
export const sameTarget = (a: Target, b: Target): boolean => JSON.stringify(a) === JSON.stringify(b)
