// Receipts: what a workstation says happened, signed by itself, chained without a gap.

import { type Bounds, bounds } from './bounds'
import { type Bytes, type Hash, type KeyId, type OrgId, type Salt, ZEROS_32, bytesOf, concat, u64be, utf8 } from './bytes'
import type { Envelope } from './envelope'
import { TrustError } from './error'
import type { PublicKey } from './key'
import { type Schema, blob, flag, id, list, listOrNone, object, oneOf, optional, readJson, text, u64 } from './schema'
import type { Scope } from './scope'
import { type OpeningKey, open } from './seal'
import { type Seen, scope, seen } from './statement'

/** What a receipt is about. */
export type Event = 'open' | 'resume' | 'pause' | 'close' | 'deny'

/** A receipt's payload. Times in milliseconds. */
export interface Receipt {
  org: OrgId
  device: KeyId
  /** 1, then one more each time, without gaps. */
  n: number
  /** SHA-256 of the previous receipt's envelope; zeros for the first. */
  prev: Hash
  /** By the device's judged clock. */
  at: number
  /** Shared by all receipts of one session. */
  session: Salt
  ev: Event
  /** Of `open` and `resume`, in the clear: whether somebody at the device was asked. */
  attended?: boolean | undefined
  /** SHA-256 of the warrant's envelope, where there was one. */
  warrant?: Hash | undefined
  /** The channel's handshake hash, where there was one. */
  channel?: Hash | undefined
  /** The ledger the device judged by. */
  ledger: Seen
  /** How many equal denials this stands for. */
  count?: number | undefined
  /** A {@link Body}, sealed to the roster's audit key. */
  body: Bytes
}

/** What only the organisation reads. */
export interface Body {
  by: KeyId
  /** The technician's name as the warrant opened it. */
  name: string
  scopes: Scope[]
  /** Within which bounds: those granted, or, of a warrant that was refused, those asked for. */
  bounds: Bounds
  why: string
  ticket?: string | undefined
  attended: boolean
  policy?: string | undefined
  approvers: KeyId[]
  /** How it ended, or why it was refused. */
  outcome?: { code: string; text: string } | undefined
}

/** A receipt's form. */
export const receipt: Schema<Receipt> = object<Receipt>({
  org: id<OrgId>(32),
  device: id<KeyId>(32),
  n: u64,
  prev: id<Hash>(32),
  at: u64,
  session: id<Salt>(16),
  ev: oneOf<Event>('open', 'resume', 'pause', 'close', 'deny'),
  attended: optional(flag),
  warrant: optional(id<Hash>(32)),
  channel: optional(id<Hash>(32)),
  ledger: seen,
  count: optional(u64),
  body: blob,
})

const body = object<Body>({
  by: id<KeyId>(32),
  name: text,
  scopes: list(scope),
  bounds,
  why: text,
  ticket: optional(text),
  attended: flag,
  policy: optional(text),
  approvers: listOrNone(id<KeyId>(32)),
  outcome: optional(object<{ code: string; text: string }>({ code: text, text })),
})

/** The head of a device's chain: the newest number and its envelope's hash. */
export interface ChainHead {
  readonly n: number
  readonly hash: Hash
}

/** The head before the first receipt. */
export const NO_RECEIPT: ChainHead = { n: 0, hash: ZEROS_32 as Hash }

/** Checks that `envelope` is a receipt of this organisation's device with this key; its place is not looked at. */
export async function verifyReceipt(org: OrgId, device: PublicKey, envelope: Envelope): Promise<Receipt> {
  const signers = await envelope.verify('receipt', (keyid) => (keyid === device.id ? device : undefined))
  const found = envelope.read('receipt', receipt)
  if (signers.length === 0 || found.device !== device.id || found.org !== org) {
    throw new TrustError('other_device', 'the receipt is signed by another device')
  }
  return found
}

/** Checks that `envelope` is the next receipt of the device with this key; returns it and the moved head. */
export async function follow(
  head: ChainHead,
  org: OrgId,
  device: PublicKey,
  envelope: Envelope,
): Promise<{ receipt: Receipt; head: ChainHead }> {
  const found = await verifyReceipt(org, device, envelope)
  if (found.n !== head.n + 1) {
    throw new TrustError('gap', `receipt ${found.n} follows where ${head.n + 1} is due`)
  }
  if (found.prev !== head.hash) {
    throw new TrustError(
      'fork',
      `receipt ${found.n} does not follow the receipt before it: the device's chain was forked or altered`,
    )
  }
  return { receipt: found, head: { n: found.n, hash: envelope.digest() } }
}

/** Opens a receipt's body with the audit key. */
export async function openBody(audit: OpeningKey, of: Receipt): Promise<Body> {
  const aad = concat(bytesOf(of.org), bytesOf(of.device), u64be(of.n), bytesOf(of.prev), utf8(of.ev))
  const plain = await open(audit, 'receipt', aad, of.body)
  try {
    return readJson(body, plain)
  } catch {
    throw new TrustError('not_opened', 'the sealed text was made for another key or was altered')
  }
}
