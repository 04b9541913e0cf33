// The warrant: what a technician signs to open one session on one device.

import { type Bounds, bounds, boundsFault } from './bounds'
import { type Hash, type KeyId, type OrgId, type Salt, type WarrantId, type X25519Public, bytesOf, sha256, utf8 } from './bytes'
import { Envelope } from './envelope'
import type { Signer } from './key'
import { INTEGER_MAX } from './limits'
import { type Schema, flag, id, list, object, optional, text, u64 } from './schema'
import { type Scope, isScopeList } from './scope'
import { type Seen, scope, seen } from './statement'
import { isLine } from './text'

/** A warrant's payload. Times in milliseconds. */
export interface Warrant {
  org: OrgId
  /** Random; a device opens it once. */
  id: WarrantId
  device: KeyId
  /** Whose session: this technician's key must have signed; further signatures are approvals. */
  by: KeyId
  /** The technician's static key on the channel, made for this warrant. */
  noise: X25519Public
  scopes: Scope[]
  /** Within which bounds; what is left open is as the policy has it. */
  bounds: Bounds
  /** Not before. */
  from: number
  /** Not at or after. */
  until: number
  /** Whether somebody at the device is asked. */
  attended: boolean
  why: string
  ticket?: string | undefined
  /** The technician's name, opened against the commitment in the ledger. */
  name: OpenedName
  /** The ledger the technician knew. */
  seen: Seen
}

/** A name with the salt that opens its commitment. */
export interface OpenedName {
  name: string
  salt: Salt
}

/** A warrant's form. */
export const warrant: Schema<Warrant> = object<Warrant>({
  org: id<OrgId>(32),
  id: id<WarrantId>(16),
  device: id<KeyId>(32),
  by: id<KeyId>(32),
  noise: id<X25519Public>(32),
  scopes: list(scope),
  bounds,
  from: u64,
  until: u64,
  attended: flag,
  why: text,
  ticket: optional(text),
  name: object<OpenedName>({ name: text, salt: id<Salt>(16) }),
  seen,
})

/** Commits to a person's name: SHA-256 over a label, 16 bytes of salt and the name. */
export const nameCommitment = (opened: OpenedName): Hash =>
  sha256(utf8('wayleave/name/1\0'), bytesOf(opened.salt), utf8(opened.name))

/** What is wrong with a warrant's texts, lists or times, if anything. */
export function warrantFault({ scopes, bounds, why, ticket, name, from, until }: Warrant): string | undefined {
  if (!isScopeList(scopes)) return 'its scopes are empty or repeat'
  if (!isLine(why) || (ticket !== undefined && !isLine(ticket)) || !isLine(name.name)) {
    return 'its reason, ticket or name is not one line of 1 to 200 characters'
  }
  if (from >= until || until > INTEGER_MAX) return 'it ends before it begins'
  return boundsFault(scopes, bounds, bounds.shell_as === undefined ? [] : [bounds.shell_as])
}

/** Signs a warrant that was composed and shown. */
export const signWarrant = (payload: Warrant, by: Signer): Promise<Envelope> =>
  Envelope.sign('warrant', warrant, payload, [by])
