// Revocations that the ledger does not carry yet: they take effect at once, under the same rules.

import { sha256 } from '../bytes'
import type { Envelope } from '../envelope'
import { TrustError } from '../error'
import { HELD_REVOCATIONS_MAX } from '../limits'
import { statement } from '../statement'
import { Inert, asInert, considerRevoke } from './fold'
import type { Fold } from './model'

/** Why a revocation is not held. */
export class HoldError extends TrustError {}

/** Takes a revocation ahead of the ledger; returns whether it is new. */
export async function considerHold(fold: Fold, envelope: Envelope): Promise<boolean> {
  try {
    const said = envelope.read('statement', statement)
    if (!('revoke' in said.say)) {
      throw new HoldError('not_a_revocation', 'only revocations are taken ahead of the ledger')
    }
    if (said.org !== fold.org) throw new Inert('other_organisation', 'it belongs to another organisation')
    const payload = sha256(envelope.payload)
    if (fold.counted.has(payload) || fold.held.has(payload)) return false
    const { revoke: target, byItself } = await considerRevoke(fold, envelope, said, said.say.revoke)
    if (fold.held.size >= HELD_REVOCATIONS_MAX) {
      throw new HoldError('full', `${HELD_REVOCATIONS_MAX} revocations wait for the ledger already`)
    }
    fold.held.set(payload, { target, envelope, since: fold.tree.size, seen: said.seen, byItself })
    return true
  } catch (error) {
    if (error instanceof HoldError) throw error
    const why = asInert(error)
    if (why.code === 'already_revoked') return false
    throw new HoldError(why.code, `the revocation does not count: ${why.message}`)
  }
}

/**
 * A new roster lifts a held suspension that the ledger would refuse now: whoever said it may no longer say it, so it would
 * never be sequenced, and never be lifted.
 */
export async function releaseLostSuspensions(fold: Fold): Promise<void> {
  for (const [payload, { target, envelope }] of [...fold.held]) {
    if (target === '*' && !(await mayStillSay(fold, envelope))) fold.held.delete(payload)
  }
}

async function mayStillSay(fold: Fold, envelope: Envelope): Promise<boolean> {
  try {
    const said = envelope.read('statement', statement)
    if (!('revoke' in said.say)) return false
    await considerRevoke(fold, envelope, said, said.say.revoke)
    return true
  } catch {
    return false
  }
}
