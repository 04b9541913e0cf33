// Composing statements: what a console shows is what these functions sign.

import { type OrgId, type StatementId, ZEROS_32, randomId, sha256 } from './bytes'
import { Envelope } from './envelope'
import type { Signer } from './key'
import type { State } from './state'
import { type Roster, type Say, type Statement, statement } from './statement'

/** A statement about what this state's ledger holds now. `now` in milliseconds. */
export const composeStatement = (state: State, say: Say, now: number): Statement => ({
  org: state.org,
  id: randomId<StatementId>(),
  at: now,
  seen: state.head,
  say,
})

/** Signs a statement that was composed and shown. */
export const signStatement = (payload: Statement, signers: readonly Signer[]): Promise<Envelope> =>
  Envelope.sign('statement', statement, payload, signers)

/** Signs the first statement of a new organisation, whose hash is the organisation's id. */
export async function signGenesis(
  roster: Roster,
  signers: readonly Signer[],
  now: number,
): Promise<{ org: OrgId; envelope: Envelope }> {
  const payload: Statement = {
    org: ZEROS_32 as OrgId,
    id: randomId<StatementId>(),
    at: now,
    seen: { size: 0, root: sha256() },
    say: { roster },
  }
  const envelope = await signStatement(payload, signers)
  return { org: envelope.digest() as string as OrgId, envelope }
}
