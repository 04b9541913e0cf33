// Whether one single policy covers the whole warrant.

import { type Bounds, anyOf, areBeneath } from '../bounds'
import type { KeyId } from '../bytes'
import type { Checkpoint } from '../checkpoint'
import { type Counted, countsNeeded } from '../count'
import type { Signed } from '../envelope'
import { staleness } from '../freshness'
import { SCOPES, type Scope } from '../scope'
import type { Entry, State } from '../state'
import { type Policy, hoursContain, originOwner } from '../statement'
import { Refusal } from './refusal'

/** The groups by which policies reach a device. */
export type DeviceGroups = Pick<Entry, 'groups'>

/** What policies are asked about: a warrant, or a wish that is not signed yet. */
export interface Asked {
  readonly state: State
  readonly checkpoint: Checkpoint
  readonly now: number
  readonly by: KeyId
  readonly technician: Entry
  readonly device: DeviceGroups
  readonly scopes: readonly Scope[]
  readonly bounds: Bounds
  readonly hasTicket: boolean
  readonly lastsMs: number
  readonly attended: boolean
  readonly signers: readonly Signed[]
  readonly openings: number
  readonly counts: readonly Counted[]
  readonly resumes: boolean
  readonly stale: boolean
}

/** The policy that covers it, and the approvals that count. */
export interface Covered {
  readonly policy: string
  readonly bounds: Bounds
  readonly approvals: readonly Signed[]
}

/** Why a policy does not cover a warrant, from the farthest to the nearest miss. */
const MISSES = [
  'groups', 'scope', 'read_under', 'write_under', 'shell_as', 'attended_only', 'too_long', 'hours', 'rate', 'ticket', 'approvals', 'stale',
] as const

/** A refusal that says which part of the nearest policy is missing. */
export class Uncovered extends Refusal {
  constructor(
    readonly miss: (typeof MISSES)[number],
    /** What one policy says, without that none allows it. */
    readonly text: string,
    /** Orders misses of the same kind. */
    readonly weight: readonly number[] = [],
  ) {
    super('uncovered', `no policy allows this: ${text}`)
  }
}

/** A refusal of the one policy that covers everything, and asks witnesses to count. */
export class Uncounted extends Refusal {
  constructor(
    code: 'uncounted' | 'too_many_devices',
    text: string,
    /** Orders refusals of the same code. */
    readonly weight: readonly number[],
  ) {
    super(code, text)
  }
}

/** The policies that join the technician's groups with the device's, by name. */
export function joining({ state, technician, device }: Asked): Policy[] {
  const policies = state.policies().map(({ policy }) => policy)
  return policies.filter((p) => technician.groups.includes(p.technicians) && device.groups.includes(p.devices))
}

/** The first policy that covers everything; else the refusal of the one that came nearest. */
export function findCover(asked: Asked): Covered | Refusal {
  let nearest = new Uncovered('groups', "no policy joins the technician's groups with this device's groups")
  let vendorAlone = false
  let uncounted: Uncounted | undefined
  for (const policy of joining(asked)) {
    const approvals = approvalsOf(asked, policy)
    const miss = missesOf(asked, policy, approvals.length)[0]
    if (miss) nearest = isNearer(miss, nearest) ? miss : nearest
    else if (isVendorAlone(asked, approvals)) vendorAlone = true
    else {
      const why = uncountedBy(asked, policy)
      if (!why) return { policy: policy.name, bounds: grantedOf(asked, policy), approvals }
      if (!uncounted || isCloser(why, uncounted)) uncounted = why
    }
  }
  if (uncounted) return uncounted
  if (vendorAlone) return vendorOriginAlone()
  if (asked.stale && nearest.miss === 'stale') {
    const why = staleness(asked.state, asked.checkpoint, asked.now)
    if (why) return new Refusal('stale', `the ledger is not fresh: ${why.message}`)
  }
  return nearest
}

function isNearer(a: Uncovered, b: Uncovered): boolean {
  const [kindA, kindB] = [MISSES.indexOf(a.miss), MISSES.indexOf(b.miss)]
  return kindA === kindB ? isHeavier(a.weight, b.weight) : kindA > kindB
}

function isCloser(a: Uncounted, b: Uncounted): boolean {
  return a.code === b.code ? isHeavier(a.weight, b.weight) : a.code === 'too_many_devices'
}

function isHeavier(a: readonly number[], b: readonly number[]): boolean {
  const at = a.findIndex((value, n) => value !== b[n])
  return at >= 0 && (a[at] ?? 0) > (b[at] ?? 0)
}

/** Where witnesses did not count this opening, or counted more devices than the policy allows. */
export function uncountedBy({ state, counts, resumes }: Asked, { devices_per_hour: rate }: Policy): Uncounted | undefined {
  if (rate === undefined || resumes) return undefined
  const need = countsNeeded(state.roster)
  const distinct = (all: readonly Counted[]) => new Set(all.map(({ witness }) => witness)).size
  const have = distinct(counts)
  if (distinct(counts.filter(({ devices }) => devices <= rate)) >= need) return undefined
  if (have < need) return tooFewCounts(have, need)
  const text = `the policy allows this person ${rate} devices within an hour, and the witnesses counted more`
  return new Uncounted('too_many_devices', text, [rate])
}

export function tooFewCounts(have: number, need: number): Uncounted {
  const text = `too few witnesses counted this opening just before it (${have} of ${need})`
  return new Uncounted('uncounted', text, [have, need])
}

/** Everything in which a policy falls short, in the order of judging. */
export function missesOf(asked: Asked, policy: Policy, approvals: number): Uncovered[] {
  const { now, openings, resumes, stale } = asked
  const { max_seconds: limit, openings_per_hour: rate, approvals: need } = policy
  const misses = asked.scopes
    .filter((scope) => !policy.scopes.includes(scope))
    .map((scope) => new Uncovered('scope', `the policy does not allow ${scope}`, [SCOPES.indexOf(scope)]))
  misses.push(...outOfBounds(asked, policy))
  if (!asked.attended && !policy.unattended) {
    misses.push(new Uncovered('attended_only', 'the policy asks that somebody at the device agrees'))
  }
  if (asked.lastsMs > limit * 1000) {
    misses.push(new Uncovered('too_long', `the policy allows ${span(limit)} at most`, [limit]))
  }
  if (policy.hours && !hoursContain(policy.hours, now)) {
    misses.push(new Uncovered('hours', 'the policy does not allow it at this hour'))
  }
  if (rate !== undefined && !resumes && openings >= rate) {
    const text = `the policy allows this technician ${rate} openings on this device within an hour`
    misses.push(new Uncovered('rate', text, [rate]))
  }
  if (policy.ticket_required && !asked.hasTicket) misses.push(new Uncovered('ticket', 'the policy asks for a ticket'))
  if (approvals < need) {
    misses.push(new Uncovered('approvals', `the policy asks for ${need} approvals and ${approvals} count`, [approvals, need]))
  }
  if (stale && !policy.attended_when_stale) {
    misses.push(new Uncovered('stale', 'the ledger is not fresh and the policy asks that it is'))
  }
  return misses
}

// Where what is asked for reaches beyond the policy's folders and users.
function outOfBounds({ scopes, bounds, resumes }: Asked, policy: Policy): Uncovered[] {
  const isOutside = (scope: Scope, asked: readonly string[], allowed: readonly string[]) => {
    const isInside = asked.length === 0 ? !resumes : areBeneath(asked, allowed)
    return scopes.includes(scope) && allowed.length > 0 && !isInside
  }
  const users = policy.shell_as
  const isOtherUser =
    bounds.shell_as === undefined ? users.length > 0 && scopes.includes('shell') : !users.includes(bounds.shell_as)
  const misses: Uncovered[] = []
  if (isOutside('files_read', bounds.read_under, policy.read_under)) {
    misses.push(new Uncovered('read_under', `the policy allows files to be fetched only under ${anyOf(policy.read_under)}`))
  }
  if (isOutside('files_write', bounds.write_under, policy.write_under)) {
    misses.push(new Uncovered('write_under', `the policy allows files to be put only under ${anyOf(policy.write_under)}`))
  }
  if (isOtherUser) {
    const allowed = users.length > 0 ? anyOf(users) : 'the user of the display'
    misses.push(new Uncovered('shell_as', `the policy allows a shell only as ${allowed}`))
  }
  return misses
}

/** What is asked for, and what the policy has where nothing is: for a policy that covers it. */
export function grantedOf({ scopes, bounds }: Pick<Asked, 'scopes' | 'bounds'>, policy: Policy): Bounds {
  const narrower = (scope: Scope, asked: string[], allowed: string[]) =>
    scopes.includes(scope) ? (asked.length > 0 ? asked : allowed) : []
  return {
    read_under: narrower('files_read', bounds.read_under, policy.read_under),
    write_under: narrower('files_write', bounds.write_under, policy.write_under),
    shell_as: bounds.shell_as,
  }
}

/** A time in the largest unit that leaves no rest. */
export function span(seconds: number): string {
  const [count, unit] = seconds % 3600 === 0 ? [seconds / 3600, 'hour'] : seconds % 60 === 0 ? [seconds / 60, 'minute'] : [seconds, 'second']
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}

/** One signature of each distinct person of the approvers' group, never of the technician himself. */
export function approvalsOf(asked: Asked, policy: Policy): Signed[] {
  const group = policy.approvers
  if (group === undefined) return []
  const persons = new Set([asked.technician.subject.person])
  return asked.signers.filter(({ keyid }) => {
    const person = keyid === asked.by ? undefined : approverOf(asked, keyid, group)
    if (person === undefined || persons.has(person)) return false
    persons.add(person)
    return true
  })
}

function approverOf({ state, now }: Asked, keyid: KeyId, group: string): string | undefined {
  if (group === 'admins') return state.admin(keyid)?.person
  const entry = state.inForce(keyid, 'technician', now)
  return typeof entry !== 'string' && entry.groups.includes(group) ? entry.subject.person : undefined
}

/** Code served by the vendor cannot open an unattended workstation with one person's key. */
export function isVendorAlone({ state, by, attended, signers }: Asked, approvals: readonly Signed[]): boolean {
  const onVendor = ({ origin }: Signed) => origin !== undefined && originOwner(state.roster, origin) === 'vendor'
  return !attended && signers.some((s) => s.keyid === by && onVendor(s)) && approvals.every(onVendor)
}

export function vendorOriginAlone(): Refusal {
  return new Refusal(
    'vendor_origin_alone',
    "an unattended warrant signed on the vendor's web origin needs an independent approver",
  )
}
