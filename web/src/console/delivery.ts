// Brings what was signed here to those who act on it. A revocation goes to the service and to every witness side by side:
// either may be away, or lie, and one that has it is enough to begin.
import type { Appended } from '../api/types'
import type { State } from '../trust'
import type { Ledger } from './ledger'
import type { Service } from './signin'
import { type SignedStatement, signed } from './vault'

const WITNESS_WAIT_MS = 3000

export interface Delivered {
  text: string
  tone: 'good' | 'warn'
}

export interface Handed {
  held: number
  of: number
}

export class Delivery {
  constructor(
    readonly service: Service,
    readonly ledger: Ledger,
  ) {}

  async deliver(statement: SignedStatement): Promise<Delivered> {
    if (statement.revokes) await this.ledger.hold(statement.envelope)
    const [sequenced, handed] = await Promise.all([
      this.#sequence(statement).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
      statement.revokes ? handToWitnesses(this.ledger.state, statement) : { held: 0, of: 0 },
    ])
    if (typeof sequenced === 'number') await signed.forget(statement.id)
    return outcome(statement.what, sequenced, handed)
  }

  // The statement is its own authority: the request needs no other.
  async #sequence(statement: SignedStatement): Promise<number> {
    const { index } = await this.service.send<Appended>('POST', `/v1/orgs/${statement.org}/ledger`, statement.envelope)
    return index
  }
}

// A witness that holds a revocation cosigns nothing that lacks it.
async function handToWitnesses(state: State | undefined, statement: SignedStatement): Promise<Handed> {
  const holders = state?.roster.witnesses.filter((w) => w.holds_revocations && w.url) ?? []
  const answers = await Promise.all(holders.map((witness) => {
    const url = `${witness.url}/v1/orgs/${statement.org}/revocations`
    const request = { method: 'POST', body: statement.envelope, signal: AbortSignal.timeout(WITNESS_WAIT_MS), credentials: 'omit' } as const
    return fetch(url, request).then((answer) => answer.ok, () => false)
  }))
  return { held: answers.filter(Boolean).length, of: holders.length }
}

// Who has it now, in words. Throws what the service said where nobody has it.
export function outcome(what: string, sequenced: number | Error, { held, of }: Handed): Delivered {
  const witnesses = of === 0 ? '' : `held by ${held} of ${of} witnesses`
  if (typeof sequenced === 'number') {
    return { text: `${what} is statement ${sequenced} of the ledger${witnesses && `, ${witnesses}`}.`, tone: of > 0 && held === 0 ? 'warn' : 'good' }
  }
  if (held === 0) throw sequenced
  return { text: `${what} is ${witnesses}, but the service has not taken it: ${sequenced.message} It is kept here, to be sent again under Organisation.`, tone: 'warn' }
}
