// What the workstation would say to a wish, with everything that stands in its way and who can change that.

import type { Bounds } from '../bounds'
import type { KeyId } from '../bytes'
import type { Checkpoint } from '../checkpoint'
import { countsNeeded } from '../count'
import type { Signed } from '../envelope'
import type { Scope } from '../scope'
import type { State } from '../state'
import { originOwner, type Policy } from '../statement'
import { checkFresh, notInForce, standingFault } from '.'
import { type Asked, approvalsOf, isVendorAlone, joining, missesOf, tooFewCounts, Uncovered, vendorOriginAlone } from './cover'
import { Refusal } from './refusal'

/** What a technician would like to do on a device. Times in milliseconds. */
export interface Wish {
  readonly state: State
  readonly checkpoint: Checkpoint
  readonly now: number
  readonly technician: KeyId
  readonly device: KeyId
  readonly scopes: readonly Scope[]
  readonly bounds: Bounds
  /** Whether it names a ticket. */
  readonly hasTicket: boolean
  readonly lastsMs: number
  /** Whether somebody at the device is asked. */
  readonly attended: boolean
  /** Keys that would sign besides the technician's. */
  readonly approvers: readonly KeyId[]
  /** How many sessions the technician opened on the device within the last hour. */
  readonly openings: number
}

/** One policy, held against a wish. */
export interface Weighed {
  readonly policy: string
  /** Everything in which it falls short; nothing if it covers the wish. */
  readonly misses: readonly Refusal[]
  /** Approvers who would count. */
  readonly approvers: readonly KeyId[]
  /** What it also takes from witnesses, before the session opens: so many count, so many devices of one person at most. */
  readonly counts: { readonly need: number; readonly devicesPerHour: number } | null
}

/** What stands between a wish and a session. */
export interface Explanation {
  /** What holds whatever the policies say, in the order of judging. */
  readonly obstacles: readonly Refusal[]
  /** The policies that join technician and device, by name. */
  readonly policies: readonly Weighed[]
  /** The policy that would open the session. */
  readonly allowedBy: string | undefined
}

/** Holds a wish against everything that a workstation's judge holds a warrant against, and names all that is in its way. */
export function explain(wish: Wish): Explanation {
  const { state, now } = wish
  const obstacles: Refusal[] = []
  const fault = standingFault(state)
  if (fault) obstacles.push(fault)
  const device = state.inForce(wish.device, 'device', now)
  if (typeof device === 'string') obstacles.push(notInForce('device', device))
  const stale = staleOf(wish, obstacles)
  const technician = state.inForce(wish.technician, 'technician', now)
  if (typeof technician === 'string') obstacles.push(notInForce('technician', technician))
  const signers = signersOf(wish)
  if (!signers.every(({ origin }) => origin === undefined || originOwner(state.roster, origin))) {
    obstacles.push(new Refusal('origin_not_listed', 'it was signed on a web origin that the organisation does not list'))
  }
  if (typeof device === 'string' || typeof technician === 'string') return { obstacles, policies: [], allowedBy: undefined }
  const asked: Asked = { ...wish, by: wish.technician, technician, device, signers, counts: [], resumes: false, stale }
  const policies = joining(asked).map((policy) => weigh(asked, policy))
  if (policies.length === 0) obstacles.push(new Uncovered('groups', "no policy joins the technician's groups with this device's groups"))
  const covering = obstacles.length === 0 ? policies.find(({ misses }) => misses.length === 0) : undefined
  return { obstacles, policies, allowedBy: covering?.policy }
}

function staleOf(wish: Wish, obstacles: Refusal[]): boolean {
  try {
    return checkFresh(wish, wish.attended)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    obstacles.push(error)
    return false
  }
}

function weigh(asked: Asked, policy: Policy): Weighed {
  const approvals = approvalsOf(asked, policy)
  const misses: Refusal[] = missesOf(asked, policy, approvals.length)
  if (isVendorAlone(asked, approvals)) misses.push(vendorOriginAlone())
  const { roster } = asked.state
  const need = countsNeeded(roster)
  const rate = policy.devices_per_hour
  // A policy that asks for counts where no witness can count.
  if (rate !== undefined && !roster.witnesses.some((w) => w.holds_revocations)) misses.push(tooFewCounts(0, need))
  const counts = rate === undefined ? null : { need, devicesPerHour: rate }
  return { policy: policy.name, misses, approvers: approvals.map(({ keyid }) => keyid), counts }
}

// Who would sign, each on the best origin that his key may be used on.
function signersOf({ state, technician, approvers }: Wish): Signed[] {
  const worth = (origin: string) => ({ customer: 2, vendor: 1, none: 0 })[originOwner(state.roster, origin) ?? 'none']
  return [technician, ...approvers].flatMap((keyid) => {
    const key = state.knownKey(keyid)
    return key ? [{ keyid, origin: [...key.origins].sort((a, b) => worth(b) - worth(a))[0] }] : []
  })
}

const REMEDIES: Partial<Record<Refusal['code'], string>> = {
  roster_tainted: 'the admins sign a new roster',
  device_not_in_force: 'an admin admits the device',
  technician_not_in_force: 'an admin admits the technician',
  stale: 'whoever runs the witnesses brings them back; some policies let attended sessions open meanwhile',
  origin_not_listed: 'sign on an origin that the roster lists, or the admins list this one',
  uncounted: 'whoever runs the witnesses brings them back, or the admins name more that hold revocations',
  too_many_devices: 'wait, or an admin allows more devices in the policy',
  vendor_origin_alone: "somebody of the approvers' group signs elsewhere, or the technician signs on an origin of the organisation",
}

const BOUNDS_REMEDY = 'ask for what the policy names, or an admin allows more in it'

const MISS_REMEDIES: Record<Uncovered['miss'], string> = {
  groups: 'an admin makes a policy for these groups, or admits the technician or the device into others',
  scope: 'do without it, or an admin allows it in the policy',
  read_under: BOUNDS_REMEDY,
  write_under: BOUNDS_REMEDY,
  shell_as: BOUNDS_REMEDY,
  attended_only: 'ask the person at the device, or an admin allows unattended sessions in the policy',
  too_long: 'ask for less, or an admin allows more in the policy',
  hours: 'wait, or an admin changes the hours of the policy',
  rate: 'wait, or an admin allows more openings in the policy',
  ticket: 'name the ticket that this is about',
  approvals: "somebody else of the approvers' group signs too",
  stale: 'whoever runs the witnesses brings them back, or an admin sets attended_when_stale in the policy',
}

/** Who can change it, and how: a sentence without a full stop. Nothing where the refusal itself says it, or is about one envelope. */
export function remedyOf(refusal: Refusal): string | undefined {
  return refusal instanceof Uncovered ? MISS_REMEDIES[refusal.miss] : REMEDIES[refusal.code]
}
