// Whether the admins of a roster who signed are as many as it takes. See crates/trust/src/state/fold.rs.

import type { KeyId } from '../bytes'
import type { Signed } from '../envelope'
import { type Roster, adminOf, originOwner } from '../statement'
import { Inert } from './fold'
import type { Power } from './model'

/** Whether the admins of `roster` who signed where signatures can give power reach its threshold. */
export const areEnoughAdmins = (
  roster: Roster,
  signers: readonly Signed[],
  isVoid: (key: KeyId) => boolean,
): boolean => persons(roster, onOwnOrigin(roster, signers), isVoid) >= roster.threshold

const onOwnOrigin = (roster: Roster, signers: readonly Signed[]): Signed[] =>
  signers.filter(({ origin }) => origin === undefined || originOwner(roster, origin) === 'customer')

/** The power that those admins give; throws {@link Inert} if they are too few. */
export function enoughAdmins(
  roster: Roster,
  signers: readonly Signed[],
  isRevoked: (key: KeyId) => boolean,
): Power {
  const own = onOwnOrigin(roster, signers)
  if (areEnoughAdmins(roster, signers, isRevoked)) {
    return { signers: own.filter(({ keyid }) => !isRevoked(keyid) && adminOf(roster, keyid)), by: 'admins' }
  }
  if (persons(roster, signers, isRevoked) >= roster.threshold) {
    throw new Inert(
      'vendor_origin',
      'it gives power and was signed on a web origin that the organisation does not own',
    )
  }
  const have = persons(roster, own, isRevoked)
  throw new Inert('too_few_admins', `${have} admins signed where ${roster.threshold} are needed`)
}

/** How many distinct admins of `roster` signed, without those whose key `isRevoked`. */
export function persons(roster: Roster, signers: readonly Signed[], isRevoked: (key: KeyId) => boolean): number {
  const found = signers.filter(({ keyid }) => !isRevoked(keyid)).map(({ keyid }) => adminOf(roster, keyid)?.person)
  return new Set(found.filter((person) => person !== undefined)).size
}
