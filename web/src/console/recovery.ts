// A recovery that waits, as a page tells of it.
import { adminOf, begunAt, type Checkpoint, type KeyId, type Pending, type State } from '../trust'

export interface RecoveryView {
  id: string
  /** When it can take effect at the earliest, in milliseconds. */
  notBefore: number
  /** The administrators whom it makes, each with the beginning of his key. */
  admins: string[]
  /** Whether this identity's signature alone vetoes it. */
  vetoedByOne: boolean
}

export type Memory = Pick<Storage, 'getItem' | 'setItem'>

export function recoveriesOf(state: State, checkpoint: Checkpoint | undefined, keyid: string, memory: Memory): RecoveryView[] {
  return state.recoveries().map((pending) => ({
    id: pending.id,
    notBefore: notBefore(state, checkpoint, pending, memory),
    admins: pending.roster.admins.map(({ person, key }) => `${person} (${key.id.slice(0, 8)})`),
    vetoedByOne: state.roster.threshold === 1 && adminOf(state.roster, keyid as KeyId) !== undefined,
  }))
}

// Its author may have seen the witnesses before this browser did, and may lie about when he signed: the earlier of what he
// says and what was seen here first.
function notBefore(state: State, checkpoint: Checkpoint | undefined, { id, at }: Pending, memory: Memory): number {
  const name = `wayleave-recovery-${id}`
  const known = Number(memory.getItem(name) ?? Number.NaN)
  const isAboutAll = checkpoint?.head.root === state.head.root
  const begun = Number.isNaN(known) && checkpoint && isAboutAll ? begunAt(state.roster, checkpoint) : known
  if (begun !== undefined && !Number.isNaN(begun)) memory.setItem(name, String(begun))
  const from = begun === undefined || Number.isNaN(begun) ? at : Math.min(at, begun)
  return from + (state.roster.recovery?.delay ?? 0)
}
