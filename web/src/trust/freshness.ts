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
export function staleness(state: State, checkpoint: Checkpoint, now: number): Stale | undefined {
  const { head, roster } = state
  if (checkpoint.head.size !== head.size || checkpoint.head.root !== head.root) {
    return new Stale('other_head', 'the newest checkpoint is about another state of the ledger')
  }
  const fresh = checkpoint.witnessed
    .filter(([, at]) => at + roster.max_age >= now && at <= now + CLOCK_SKEW_MS)
    .map(([index]) => index)
  if (fresh.length < roster.quorum) {
    const seconds = Math.floor(roster.max_age / 1000)
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

/** The newest time that a quorum of witnesses reached, in milliseconds: where a clock floor may move to. */
export function witnessedTime(state: State, checkpoint: Checkpoint): number | undefined {
  const { quorum } = state.roster
  if (quorum === 0) return undefined
  const times = checkpoint.witnessed.map(([, at]) => at).sort((a, b) => b - a)
  return times[quorum - 1]
}
