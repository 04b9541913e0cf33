// Counts: a witness's word on how many devices one person asked for within the hour, which no device can know alone.

import { type Hash, type OrgId, sha256, utf8 } from './bytes'
import { Envelope } from './envelope'
import { TrustError } from './error'
import { CLOCK_SKEW_MS, COUNT_AGE_MS_MAX, COUNT_BYTES_MAX } from './limits'
import { type Schema, id, object, u32, u64 } from './schema'
import type { Roster } from './statement'

/** A count's payload. The warrant's digest stands for all that the warrant says. */
export interface Count {
  org: OrgId
  /** SHA-256 of the warrant's payload; approvals may still be added to its envelope. */
  warrant: Hash
  /** Distinct devices that the technician's person had counted within the hour, this one among them. */
  devices: number
  /** By the witness's clock, in milliseconds. */
  at: number
}

/** Which of the roster's witnesses counted, and its number. */
export interface Counted {
  readonly witness: number
  readonly devices: number
}

const count: Schema<Count> = object<Count>({ org: id<OrgId>(32), warrant: id<Hash>(32), devices: u32, at: u64 })

/** How many witnesses have to count: as many as make a checkpoint fresh, as far as that many fold the ledger; one at least. */
export function countsNeeded({ witnesses, quorum }: Roster): number {
  return Math.max(1, Math.min(quorum, witnesses.filter((w) => w.holds_revocations).length))
}

/** The counts of `warrant` that hold at `now`. What does not hold says nothing, whoever sent it. */
export async function countsThatHold(
  roster: Roster,
  warrant: Envelope,
  org: OrgId,
  counts: readonly string[],
  now: number,
): Promise<Counted[]> {
  const digest = sha256(warrant.payload)
  const read = await Promise.all(counts.map((text) => readCount(roster, text)))
  return read.flatMap((found) => {
    if (!found) return []
    const { witness, said } = found
    const isFresh = said.at <= now + CLOCK_SKEW_MS && said.at + COUNT_AGE_MS_MAX >= now
    return said.org === org && said.warrant === digest && isFresh ? [{ witness, devices: said.devices }] : []
  })
}

async function readCount(roster: Roster, text: string): Promise<{ witness: number; said: Count } | undefined> {
  if (utf8(text).length > COUNT_BYTES_MAX) return undefined
  try {
    const envelope = Envelope.parse(text)
    const find = (keyid: string) => roster.witnesses.find((w) => w.holds_revocations && w.key.id === keyid)?.key
    const [signer] = await envelope.verify('count', find)
    const witness = roster.witnesses.findIndex((w) => w.key.id === signer?.keyid)
    return witness < 0 ? undefined : { witness, said: envelope.read('count', count) }
  } catch (error) {
    if (error instanceof TrustError) return undefined
    throw error
  }
}
