// The control stream: opening, judging, closing, credit. `crates/wire/src/control.rs` says when each is sent.

import { type Bounds, bounds, boundsFault } from '../trust/bounds'
import type { Bytes, Hash } from '../trust/bytes'
import { COUNT_BYTES_MAX, ENVELOPE_BYTES_MAX } from '../trust/limits'
import { type Schema, flag, id, list, object, oneOf, optional, readJson, u16, u32, variant, writeJson } from '../trust/schema'
import { SCOPES, type Scope } from '../trust/scope'
import { STREAMS, type Stream } from './frame'
import { CODE_BYTES_MAX, COUNTS_MAX, HOSTNAME_BYTES_MAX, REVOCATIONS_PER_MESSAGE_MAX, SCOPES_MAX } from './limits'
import { type Why, code, count, reading, sentence, textUpTo, where } from './messages'

/** The newest receipt of a device that a side knows. */
export interface ReceiptHead {
  n: number
  hash: Hash
}

/** Credit for an id of files or shell. */
export interface Window {
  stream: Stream
  id: number
  bytes: number
}

/** The device's first message: how far it has read the ledger, and its newest receipt. */
export interface Head {
  size: number
  root: Hash
  receipt?: ReceiptHead | undefined
  /** The machine's own word for itself; decides nothing. */
  hostname: string
}

/** What the device judged: the session's frame. */
export interface Opened {
  session: string
  scopes: Scope[]
  /** Within which bounds: the warrant's, and the policy's where the warrant has none. */
  bounds: Bounds
  /** When it ends, in milliseconds since the Unix epoch. */
  until: number
  /** Whether a person allowed it at the machine. */
  attended: boolean
  /** `why` says why there is no picture. */
  display: { state: 'ready' | 'none'; why?: string | undefined }
}

type Empty = Record<string, never>

/** Technician to device. */
export type ToDevice =
  | { open: { warrant: string; counts?: string[] | undefined; seen_receipt?: ReceiptHead | undefined } }
  | { revocations: { envelopes: string[] } }
  | { window: Window }
  | { ping: { nonce: number } }
  | { bye: Empty }

/** Device to technician. */
export type ToTechnician =
  | { head: Head }
  | { revocations: { envelopes: string[] } }
  | { window: Window }
  | { pong: { nonce: number } }
  | { asking: { until: number } }
  | { opened: Opened }
  | { refused: Why }
  | { paused: Why }
  | { resumed: Empty }
  | { closed: Why }

const receiptHead = object<ReceiptHead>({ n: count, hash: id<Hash>(32) })
const window = object<Window>({ stream: oneOf(...STREAMS), id: u16, bytes: u32 })
const envelope = textUpTo(ENVELOPE_BYTES_MAX)
const revocations = object<{ envelopes: string[] }>({
  envelopes: where(list(envelope), (all) => all.length <= REVOCATIONS_PER_MESSAGE_MAX, 'more than 16 revocations in one message'),
})
const counts = where(
  list(textUpTo(COUNT_BYTES_MAX)),
  (all) => all.length >= 1 && all.length <= COUNTS_MAX,
  'counts are 1 to 16, or absent',
)
const nonce = object<{ nonce: number }>({ nonce: u32 })
const why = object<Why>({ code, text: sentence })
const display = where(
  object<Opened['display']>({ state: oneOf('ready', 'none'), why: optional(sentence) }),
  (value) => (value.why !== undefined) === (value.state === 'none'),
  'a display has a reason exactly when there is none',
)

const opened = object<Opened>({
  session: textUpTo(CODE_BYTES_MAX),
  scopes: where(list(oneOf(...SCOPES)), (all) => all.length <= SCOPES_MAX, 'more than 16 scopes'),
  bounds,
  until: count,
  attended: flag,
  display,
})
const areFit = ({ scopes, bounds }: Opened): boolean =>
  boundsFault(scopes, bounds, bounds.shell_as === undefined ? [] : [bounds.shell_as]) === undefined

const toDevice: Schema<ToDevice> = variant<ToDevice>({
  open: object<{ warrant: string; counts?: string[] | undefined; seen_receipt?: ReceiptHead | undefined }>({
    warrant: envelope,
    counts: optional(counts),
    seen_receipt: optional(receiptHead),
  }) as Schema<unknown>,
  revocations: revocations as Schema<unknown>,
  window: window as Schema<unknown>,
  ping: nonce as Schema<unknown>,
  bye: object<Empty>({}) as Schema<unknown>,
})

const toTechnician: Schema<ToTechnician> = variant<ToTechnician>({
  head: object<Head>({
    size: count,
    root: id<Hash>(32),
    receipt: optional(receiptHead),
    hostname: textUpTo(HOSTNAME_BYTES_MAX),
  }) as Schema<unknown>,
  revocations: revocations as Schema<unknown>,
  window: window as Schema<unknown>,
  pong: nonce as Schema<unknown>,
  asking: object<{ until: number }>({ until: count }) as Schema<unknown>,
  opened: where(opened, areFit, 'bounds that are not sound beside the scopes') as Schema<unknown>,
  refused: why as Schema<unknown>,
  paused: why as Schema<unknown>,
  resumed: object<Empty>({}) as Schema<unknown>,
  closed: why as Schema<unknown>,
})

export const parseToDevice = (bytes: Bytes): ToDevice => reading('control', () => readJson(toDevice, bytes))
export const parseToTechnician = (bytes: Bytes): ToTechnician => reading('control', () => readJson(toTechnician, bytes))
export const encodeToDevice = (message: ToDevice): Bytes => writeJson(toDevice, message)
export const encodeToTechnician = (message: ToTechnician): Bytes => writeJson(toTechnician, message)
