// Checking all that is there of one device's chain, and the beats by which more is known than is there.

import { type Hash, type KeyId, type OrgId } from './bytes'
import type { Envelope } from './envelope'
import { TrustError } from './error'
import type { PublicKey } from './key'
import { type ChainHead, NO_RECEIPT, type Receipt, verifyReceipt } from './receipt'
import { type Schema, id, object, u64 } from './schema'
import type { State } from './state'
import { type Seen, seen } from './statement'

/** What is wrong with a chain of receipts that verify one by one. */
export type Fault =
  /** These receipts are missing, with later ones there. */
  | { gap: { from: number; to: number } }
  /** Two histories: this receipt does not follow the one before it, or there are two of this number. */
  | { fork: { at: number } }
  /** The device has told of later receipts than are there: what happened is unknown. */
  | { unknown: { after: number; told: number } }

/** What a {@link ChainCheck} found. */
export interface ChainVerdict {
  /** Receipts 1 to this one are there, each signed by the device and chained to the one before. */
  wholeTo: number
  newest: ChainHead
  /** In the order they were found; empty where the chain is whole as far as is known. */
  faults: Fault[]
}

/** Takes the receipts of one device in order; what stands behind a fault is checked all the same. */
export class ChainCheck {
  readonly #org: OrgId
  readonly #device: PublicKey
  readonly #hashes = new Map<number, Hash>()
  readonly #faults: Fault[] = []
  #head: ChainHead = NO_RECEIPT
  #wholeTo = 0

  constructor(org: OrgId, device: PublicKey) {
    this.#org = org
    this.#device = device
  }

  /** Takes the next receipt. It throws where it is none of this device's; a place that does not fit is a fault. */
  async take(envelope: Envelope): Promise<Receipt> {
    const receipt = await verifyReceipt(this.#org, this.#device, envelope)
    const [n, hash] = [receipt.n, envelope.digest()]
    if (this.#hashes.get(n) === hash) {
      return receipt
    }
    const due = this.#head.n + 1
    if (n > due) {
      this.#faults.push({ gap: { from: due, to: n - 1 } })
    } else if (n < due || receipt.prev !== this.#head.hash) {
      this.#fork(n)
    }
    if (n >= due) {
      this.#head = { n, hash }
      this.#hashes.set(n, hash)
    }
    if (this.#faults.length === 0) {
      this.#wholeTo = n
    }
    return receipt
  }

  /** Holds the chain against heads that the device told of, and the number that somebody else claims to have. */
  finish(heads: readonly ChainHead[], told: number): ChainVerdict {
    for (const head of heads) {
      const hash = this.#hashes.get(head.n)
      if (hash !== undefined && hash !== head.hash) {
        this.#fork(head.n)
      }
    }
    const most = heads.reduce((most, head) => Math.max(most, head.n), told)
    if (most > this.#head.n) {
      this.#faults.push({ unknown: { after: this.#head.n, told: most } })
    }
    return { wholeTo: this.#wholeTo, newest: this.#head, faults: this.#faults }
  }

  #fork(at: number): void {
    if (!this.#faults.some((fault) => 'fork' in fault && fault.fork.at === at)) {
      this.#faults.push({ fork: { at } })
    }
    this.#wholeTo = Math.min(this.#wholeTo, Math.max(0, at - 1))
  }
}

/** A beat's payload: every hour a device says how far its chain reached, without adding to it. */
export interface Beat {
  org: OrgId
  device: KeyId
  /** Of two beats the one with the larger counter is newer. */
  k: number
  /** By the device's judged clock, in milliseconds. */
  at: number
  head: ChainHead
  /** How many sessions are open. */
  open: number
  ledger: Seen
}

const beat: Schema<Beat> = object<Beat>({
  org: id<OrgId>(32),
  device: id<KeyId>(32),
  k: u64,
  at: u64,
  head: object<ChainHead>({ n: u64, hash: id<Hash>(32) }),
  open: u64,
  ledger: seen,
})

/** Checks that `envelope` is a beat of this organisation's device with this key. */
export async function verifyBeat(org: OrgId, device: PublicKey, envelope: Envelope): Promise<Beat> {
  const signers = await envelope.verify('beat', (keyid) => (keyid === device.id ? device : undefined))
  const found = envelope.read('beat', beat)
  if (signers.length === 0 || found.device !== device.id || found.org !== org) {
    throw new TrustError('other_device', 'the beat is signed by another device')
  }
  return found
}

/** What a device's word about its ledger proves of one statement. See `Reach` in crates/trust/src/receipt/beat.rs. */
export type Reach = 'holds' | 'lacks' | 'ahead' | 'other_history'

/** What a beat proves of the statement at `index`, held against the ledger that was folded here. */
export function reachOf({ ledger }: Beat, state: State, index: number): Reach {
  const root = state.rootAt(ledger.size)
  if (root === undefined) return 'ahead'
  if (root !== ledger.root) return 'other_history'
  return ledger.size > index ? 'holds' : 'lacks'
}
