// Whether a checkpoint is young enough to trust.

import type { Checkpoint } from './checkpoint'
import { TrustError } from './error'
import { CLOCK_SKEW_MS } from './limits'
import type { State } from './state'

export type StaleCode = 'other_head' | 'too_few_witnesses' | 'no_revocation_holder'

/** Why a ledger is not fresh. */
export class Stale extends TrustError {
  constructor(
    override readonly code: StaleCode,
    message: string,
  ) {
    super(code, message)
  }
}

/**
 * Why not: a quorum of witnesses must have cosigned exactly this ledger within `max_age` before `now` (milliseconds).
 * With quorum 0 the log key's word is all there is, and this passes for any checkpoint of this head.
 */
export function staleness(state: State, checkpoint: Checkpoint, now: number, maxAge = state.roster.max_age): Stale | undefined {
  const { head, roster } = state
  if (checkpoint.head.size !== head.size || checkpoint.head.root !== head.root) {
    return new Stale('other_head', 'the newest checkpoint is about another state of the ledger')
  }
  const fresh = checkpoint.witnessed
    .filter(([, at]) => at + maxAge >= now && at <= now + CLOCK_SKEW_MS)
    .map(([index]) => index)
  if (fresh.length < roster.quorum) {
    const seconds = Math.floor(maxAge / 1000)
    return new Stale(
      'too_few_witnesses',
      `${fresh.length} of ${roster.quorum} witnesses vouch for the ledger in the last ${seconds} s`,
    )
  }
  if (roster.quorum > 0 && !fresh.some((index) => roster.witnesses[index]?.holds_revocations)) {
    return new Stale('no_revocation_holder', 'no witness that holds revocations vouches for the ledger in time')
  }
  return undefined
}

/** Since when no quorum of witnesses has vouched for the ledger. Times in milliseconds. */
export interface Outage {
  /** The newest time that a quorum vouched for; none where the checkpoint at hand names too few. */
  readonly since: number | undefined
  /** From when on unattended sessions are refused, and open ones end. */
  readonly refusedFrom: number | undefined
}

/** Whether witnesses are missing for longer than half of `max_age`, so that sessions stand still; never where the quorum is 0. */
export function outageOf(state: State, checkpoint: Checkpoint, now: number): Outage | undefined {
  const { quorum, max_age: maxAge } = state.roster
  if (quorum === 0 || !staleness(state, checkpoint, now, Math.floor(maxAge / 2))) return undefined
  const since = witnessedTime(state, checkpoint)
  return { since, refusedFrom: since === undefined ? undefined : since + maxAge }
}

/** Whether the loss of any one witness is an outage: then two of three are better. */
export const hasNoSpareWitness = ({ roster }: State): boolean => roster.quorum > 0 && roster.quorum === roster.witnesses.length

/** The newest time that a quorum of witnesses reached, in milliseconds: where a clock floor may move to. */
export function witnessedTime(state: State, checkpoint: Checkpoint): number | undefined {
  const { quorum } = state.roster
  if (quorum === 0) return undefined
  const times = checkpoint.witnessed.map(([, at]) => at).sort((a, b) => b - a)
  return times[quorum - 1]
}
