// Which approvals a warrant still lacks, and what one more would do: for those who collect and give them. Nothing here opens
// anything; the workstation judges the signatures themselves.

import type { Bounds } from '../bounds'
import type { Signed } from '../envelope'
import { type Policy, originOwner } from '../statement'
import { type Asked, Uncounted, approvalsOf, findCover, grantedOf, isVendorAlone, joining, missesOf } from './cover'
import { type Facts, Refusal, examine } from './index'

/** The approvals of one policy that covers a warrant in everything else. */
export interface Approvals {
  readonly policy: string
  /** What the session could reach by it. */
  readonly bounds: Bounds
  /** The group whose members approve; `admins` means the roster's admins. */
  readonly approvers: string
  /** Distinct persons of the group who signed. */
  readonly have: number
  readonly need: number
  /** Whether one of them must not sign on a vendor's origin. */
  readonly independent: boolean
}

/** What one more approval would do: of the policy it counts for, and whether the warrant would then lack nothing but witnesses' counts. */
export interface Foreseen {
  readonly approvals: Approvals
  readonly opens: boolean
}

/**
 * The approvals that are lacking, of the policy that lacks fewest; none if nothing is lacking, or something that no
 * approval mends.
 */
export function lackingOf(asked: Asked): Approvals | undefined {
  if (isOpen(asked)) return undefined
  return nearest(candidates(asked).map((policy) => wanted(asked, policy)))
}

/** {@link lackingOf} a signed warrant; throws the {@link Refusal} of what else is wrong with it. */
export async function lacking(facts: Facts, bytes: Uint8Array): Promise<Approvals | undefined> {
  return lackingOf(await examine(facts, bytes))
}

/** What a signature of `approver` would add to a warrant that holds otherwise; none if it would not count. */
export async function foresee(facts: Facts, bytes: Uint8Array, approver: Signed): Promise<Foreseen | undefined> {
  const asked = await examine(facts, bytes)
  if (approver.origin !== undefined && !originOwner(facts.state.roster, approver.origin)) {
    throw new Refusal('origin_not_listed', 'it was signed on a web origin that the organisation does not list')
  }
  const withMine = { ...asked, signers: [...asked.signers, approver] }
  const adds = candidates(asked).filter((policy) => approvalsOf(withMine, policy).length > approvalsOf(asked, policy).length)
  const approvals = nearest(adds.map((policy) => wanted(withMine, policy)))
  return approvals && { approvals, opens: isOpen(withMine) }
}

// Counts are fetched last, when it lacks nothing else.
function isOpen(asked: Asked): boolean {
  const cover = findCover(asked)
  return 'policy' in cover || cover instanceof Uncounted
}

// Policies that lack approvals at most.
const candidates = (asked: Asked): Policy[] =>
  joining(asked).filter((policy) => policy.approvers !== undefined && missesOf(asked, policy, Infinity).length === 0)

function wanted(asked: Asked, policy: Policy): Approvals {
  // Whether nobody's approval at all would leave the vendor alone.
  const independent = isVendorAlone(asked, [])
  return {
    policy: policy.name,
    bounds: grantedOf(asked, policy),
    approvers: policy.approvers ?? '',
    have: approvalsOf(asked, policy).length,
    need: Math.max(policy.approvals, independent ? 1 : 0),
    independent,
  }
}

function nearest(all: Approvals[]): Approvals | undefined {
  const lack = ({ need, have }: Approvals) => Math.max(0, need - have)
  return all.reduce<Approvals | undefined>((best, next) => (best && lack(best) <= lack(next) ? best : next), undefined)
}
