// Every key of an organisation, for who looks after them. The same lines as crates/trust/src/inventory.rs.

import type { KeyId } from '../bytes'
import type { PublicKey } from '../key'
import { EXPIRY_WARNINGS_DAYS } from '../limits'
import type { NotInForce, State } from '../state'

export { type Effect, Survey } from './survey'

/** What a key is for, in the order in which keys are listed. */
export const OFFICES = ['admin', 'recovery', 'technician', 'device', 'enroller', 'stopper', 'witness', 'log', 'audit', 'directory'] as const
export type Office = (typeof OFFICES)[number]

/** How a key is held: by a program in a file, by a page of one origin, as a passkey; or others seal to it. */
export type HeldBy = 'native' | 'page' | 'passkey' | 'sealing'

/** One key. Times in milliseconds. */
export interface Listed {
  /** Its id; of a key that signs nothing, the key itself. */
  readonly id: string
  /** The same, where it signs. */
  readonly keyid: KeyId | undefined
  readonly office: Office
  /** The opaque name of the person who holds it. */
  readonly person: string | undefined
  /** The name that the roster gives a witness. */
  readonly witness: string | undefined
  readonly groups: readonly string[]
  readonly heldBy: HeldBy
  /** Where it may sign; anywhere if none. */
  readonly origins: readonly string[]
  /** In force before this time. */
  readonly until: number | undefined
  readonly standing: 'in_force' | NotInForce
}

/** All keys of the roster and all that were admitted, by office and id, in force or not. */
export function keysOf(state: State, now: number): Listed[] {
  const { roster } = state
  const standing = (keyid: KeyId) => (state.isKeyRevoked(keyid) ? 'revoked' : 'in_force') as Listed['standing']
  const governing = (office: Office, key: PublicKey): Listed => ({ ...ofKey(office, key), standing: standing(key.id) })
  const all: Listed[] = [
    ...roster.admins.map((admin) => ({ ...governing('admin', admin.key), person: admin.person })),
    ...(roster.recovery?.keys ?? []).map((key) => governing('recovery', key)),
    ...[...state.entries].map(([keyid, { role, subject, groups, until }]): Listed => {
      const entered = state.inForce(keyid, role, now)
      return { ...ofKey(role, subject.key), person: subject.person, groups, until, standing: typeof entered === 'string' ? entered : 'in_force' }
    }),
    ...roster.witnesses.map((witness) => ({ ...ofKey('witness', witness.key), witness: witness.name })),
    ofKey('log', roster.log_key),
    sealing('audit', roster.audit_key),
    sealing('directory', roster.directory_key),
  ]
  return all.sort((a, b) => OFFICES.indexOf(a.office) - OFFICES.indexOf(b.office) || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
}

/** The warning that a key in force stands at: how many days it expires within. */
export function expiryWarning({ until, standing }: Pick<Listed, 'until' | 'standing'>, now: number): number | undefined {
  if (until === undefined || standing !== 'in_force') return undefined
  return [...EXPIRY_WARNINGS_DAYS].reverse().find((days) => until - now <= days * 86_400_000)
}

function ofKey(office: Office, key: PublicKey): Listed {
  const heldBy = key.kind !== 'ed25519' ? 'passkey' : key.isNative ? 'native' : 'page'
  return { ...sealing(office, key.id), keyid: key.id, heldBy, origins: key.origins }
}

function sealing(office: Office, id: string): Listed {
  return { id, keyid: undefined, office, person: undefined, witness: undefined, groups: [], heldBy: 'sealing', origins: [], until: undefined, standing: 'in_force' }
}
