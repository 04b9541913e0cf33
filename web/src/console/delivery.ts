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
  // The names of those that hold it.
  by: string[]
}

export class Delivery {
  constructor(
    readonly service: Service,
    readonly ledger: Ledger,
    // Told of each revocation that the service or a witness has, with the witnesses that say so.
    readonly onRevoked: (statement: SignedStatement, by: string[]) => void = () => undefined,
  ) {}

  async deliver(statement: SignedStatement): Promise<Delivered> {
    if (statement.revokes) await this.ledger.hold(statement.envelope)
    const [sequenced, handed] = await Promise.all([
      this.#sequence(statement).catch((error: unknown) => (error instanceof Error ? error : new Error(String(error)))),
      statement.revokes ? handToWitnesses(this.ledger.state, statement) : { held: 0, of: 0, by: [] },
    ])
    if (typeof sequenced === 'number') await signed.forget(statement.id)
    const delivered = outcome(statement.what, sequenced, handed)
    if (statement.revokes) this.onRevoked(statement, handed.by)
    return delivered
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
  const by = holders.filter((_, at) => answers[at]).map((w) => w.name)
  return { held: by.length, of: holders.length, by }
}

// Who has it now, in words. Throws what the service said where nobody has it.
export function outcome(what: string, sequenced: number | Error, { held, of }: Pick<Handed, 'held' | 'of'>): Delivered {
  const witnesses = of === 0 ? '' : `held by ${held} of ${of} witnesses`
  if (typeof sequenced === 'number') {
    return { text: `${what} is statement ${sequenced} of the ledger${witnesses && `, ${witnesses}`}.`, tone: of > 0 && held === 0 ? 'warn' : 'good' }
  }
  if (held === 0) throw sequenced
  return { text: `${what} is ${witnesses}, but the service has not taken it: ${sequenced.message} It is kept here, to be sent again under Organisation.`, tone: 'warn' }
}
