// Whether one single policy covers the whole warrant.

import type { KeyId } from '../bytes'
import type { Checkpoint } from '../checkpoint'
import type { Signed } from '../envelope'
import { staleness } from '../freshness'
import { SCOPES, type Scope } from '../scope'
import type { Entry, State } from '../state'
import { type Policy, hoursContain } from '../statement'
import { Refusal } from './refusal'

/** What the search needs: the warrant's wishes, whose they are, and who signed. */
export interface CoverFacts {
  readonly state: State
  readonly checkpoint: Checkpoint
  readonly now: number
  readonly openings: number
  readonly warrant: {
    readonly by: KeyId
    readonly scopes: readonly Scope[]
    readonly from: number
    readonly until: number
    readonly attended: boolean
  }
  readonly technician: Entry
  readonly device: Entry
  readonly signers: readonly Signed[]
  readonly resumes: boolean
  readonly stale: boolean
}

/** The policy that covers it, and the approvals that count. */
export interface Covered {
  readonly policy: string
  readonly approvals: readonly Signed[]
}

/** Why a policy does not cover a warrant, from the farthest to the nearest miss. */
const MISSES = ['groups', 'scope', 'attended_only', 'too_long', 'hours', 'rate', 'approvals', 'stale'] as const

/** A refusal that says which part of the nearest policy is missing. */
export class Uncovered extends Refusal {
  constructor(
    readonly miss: (typeof MISSES)[number],
    text: string,
    /** Orders misses of the same kind. */
    readonly weight: readonly number[] = [],
  ) {
    super('uncovered', `no policy allows this: ${text}`)
  }
}

/** The first policy that covers everything; else the refusal of the one that came nearest. */
export function findCover(facts: CoverFacts): Covered | Refusal {
  let nearest = new Uncovered('groups', "no policy joins the technician's groups with this device's groups")
  for (const policy of joining(facts)) {
    const approvals = approvalsOf(facts, policy)
    const miss = missOf(facts, policy, approvals.length)
    if (!miss) return { policy: policy.name, approvals }
    if (isNearer(miss, nearest)) nearest = miss
  }
  if (facts.stale && nearest.miss === 'stale') {
    const why = staleness(facts.state, facts.checkpoint, facts.now)
    if (why) return new Refusal('stale', `the ledger is not fresh: ${why.message}`)
  }
  return nearest
}

/** The policies that join the technician's groups with the device's, by name. */
export const joining = ({ state, technician, device }: CoverFacts): Policy[] =>
  state
    .policies()
    .map(({ policy }) => policy)
    .filter((policy) => technician.groups.includes(policy.technicians) && device.groups.includes(policy.devices))

function isNearer(a: Uncovered, b: Uncovered): boolean {
  const [kindA, kindB] = [MISSES.indexOf(a.miss), MISSES.indexOf(b.miss)]
  if (kindA !== kindB) return kindA > kindB
  const at = a.weight.findIndex((value, n) => value !== b.weight[n])
  return at >= 0 && (a.weight[at] ?? 0) > (b.weight[at] ?? 0)
}

/** Why `policy` does not cover it where so many approvals count. */
export function missOf(facts: CoverFacts, policy: Policy, approvals: number): Uncovered | undefined {
  const { warrant, now, openings, resumes, stale } = facts
  const scope = warrant.scopes.find((s) => !policy.scopes.includes(s))
  if (scope) return new Uncovered('scope', `the policy does not allow ${scope}`, [SCOPES.indexOf(scope)])
  if (!warrant.attended && !policy.unattended) {
    return new Uncovered('attended_only', 'the policy asks that somebody at the device agrees')
  }
  const limit = policy.max_seconds
  if (warrant.until - warrant.from > limit * 1000) {
    return new Uncovered('too_long', `the policy allows ${limit} seconds at most`, [limit])
  }
  if (policy.hours && !hoursContain(policy.hours, now)) {
    return new Uncovered('hours', 'the policy does not allow it at this hour')
  }
  const rate = policy.openings_per_hour
  if (rate !== undefined && !resumes && openings >= rate) {
    const text = `the policy allows this technician ${rate} openings on this device within an hour`
    return new Uncovered('rate', text, [rate])
  }
  const need = policy.approvals
  if (approvals < need) {
    return new Uncovered('approvals', `the policy asks for ${need} approvals and ${approvals} count`, [approvals, need])
  }
  return stale && !policy.attended_when_stale
    ? new Uncovered('stale', 'the ledger is not fresh and the policy asks that it is')
    : undefined
}

/** One signature of each distinct person of the approvers' group, never of the technician himself. */
export function approvalsOf(facts: CoverFacts, policy: Policy): Signed[] {
  const group = policy.approvers
  if (group === undefined) return []
  const persons = new Set([facts.technician.subject.person])
  return facts.signers.filter(({ keyid }) => {
    const person = keyid === facts.warrant.by ? undefined : approverOf(facts, keyid, group)
    if (person === undefined || persons.has(person)) return false
    persons.add(person)
    return true
  })
}

function approverOf({ state, now }: CoverFacts, keyid: KeyId, group: string): string | undefined {
  if (group === 'admins') return state.admin(keyid)?.person
  const entry = state.inForce(keyid, 'technician', now)
  return typeof entry !== 'string' && entry.groups.includes(group) ? entry.subject.person : undefined
}
