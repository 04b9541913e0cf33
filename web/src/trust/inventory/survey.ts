// What breaks without one key: the organisation as it is, held against the organisation without it. The same lines as
// crates/trust/src/inventory/survey.rs.

import type { KeyId } from '../bytes'
import type { PublicKey } from '../key'
import type { Entry, State } from '../state'
import { type Admin, type Policy, type Role, originOwner, recoveryNeed } from '../statement'
import type { Listed } from './index'

/** Something that follows when a key no longer counts. */
export interface Effect {
  readonly code: string
  /** For people: a sentence without its full stop. */
  readonly text: string
  /** Whether something stops working, or it is only good to know. */
  readonly breaks: boolean
  /** The devices that it is about, where they are not the key's own. */
  readonly devices: readonly KeyId[]
}

const GOOD_TO_KNOW = ['enrolled_devices_stay', 'only_by_roster', 'last_key_of_person']

const effect = (code: string, text: string, devices: readonly KeyId[] = []): Effect => ({ code, text, devices, breaks: !GOOD_TO_KNOW.includes(code) })

const ONLY_BY_ROSTER = effect('only_by_roster', 'a revocation does nothing to it: a new roster replaces it')
const CLOSES = 'sessions pause, and unattended ones are refused'

type InForce = readonly [KeyId, Entry]
type Usable = 'yes' | 'no_technician' | { have: number; need: number }

/** The keys in force, counted once for many questions. */
export class Survey {
  readonly #technicians: readonly InForce[]
  readonly #devices: readonly InForce[]
  readonly #devicesOf = new Map<string, number>()
  readonly #stoppers: readonly KeyId[]
  readonly #openNow: ReadonlySet<string>

  constructor(
    readonly state: State,
    now: number,
  ) {
    const ofRole = (role: Role): InForce[] => [...state.entries].filter(([keyid]) => typeof state.inForce(keyid, role, now) !== 'string')
    this.#technicians = ofRole('technician').filter(([, entry]) => canSign(state, entry.subject.key))
    this.#devices = ofRole('device')
    for (const [, entry] of this.#devices) for (const group of entry.groups) this.#devicesOf.set(group, (this.#devicesOf.get(group) ?? 0) + 1)
    this.#stoppers = ofRole('stopper').map(([keyid]) => keyid)
    this.#openNow = this.#openGroups(undefined)
  }

  /** Everything that follows when this key no longer counts, or is lost. */
  without(key: Listed): Effect[] {
    const { keyid, person } = key
    if (keyid === undefined) return [ONLY_BY_ROSTER]
    if (key.standing !== 'in_force') return []
    const effects = this.#effects(key, keyid)
    if (person === undefined || this.#hasAnother(person, keyid)) return effects
    return [...effects, effect('last_key_of_person', 'the person holds no other key that counts')]
  }

  #effects(key: Listed, gone: KeyId): Effect[] {
    switch (key.office) {
      case 'admin': return this.#withoutAdmin(gone)
      case 'recovery': return this.#withoutRecovery(gone)
      case 'technician': return this.#withoutSigner(gone)
      case 'device': return this.#withoutDevice(key.groups)
      case 'enroller': return this.#withoutEnroller(gone)
      case 'stopper': return this.#stoppers.some((keyid) => keyid !== gone) ? [] : [effect('last_stopper', 'no stopper is left: only admins stop everything')]
      case 'witness': return this.#withoutWitness(gone)
      case 'log': return [effect('ledger_never_fresh', `no checkpoint counts without it: ${CLOSES}`), ONLY_BY_ROSTER]
      default: return [ONLY_BY_ROSTER]
    }
  }

  #withoutAdmin(gone: KeyId): Effect[] {
    const need = this.state.roster.threshold
    const [before, left] = [this.#givers(undefined), this.#givers(gone)]
    const then = this.#isRecoverable() ? 'nobody gives power before a recovery' : 'nobody ever gives power again'
    const nobodyElse = this.#isRecoverable() ? '' : ', and no recovery key could replace them'
    const text = `${left} of the ${need} admins that it takes are left${nobodyElse}: ${then}`
    return [...(before >= need && left < need ? [effect('threshold_unreachable', text)] : []), ...this.#withoutSigner(gone)]
  }

  #withoutRecovery(gone: KeyId): Effect[] {
    const [left, need] = this.#recovery(gone)
    if (!this.#isRecoverable() || left >= need) return []
    return [effect('recovery_unreachable', `${left} of the ${need} recovery keys that it takes are left: lost admin keys could not be replaced`)]
  }

  // Without one who asks or approves.
  #withoutSigner(gone: KeyId): Effect[] {
    const effects = this.#policies().flatMap((policy): Effect[] => {
      if (this.#usable(policy, undefined) !== 'yes') return []
      const then = this.#usable(policy, gone)
      if (then === 'yes') return []
      if (then === 'no_technician') return [effect('policy_without_technician', `the policy ${policy.name} is left without a technician`)]
      return [effect('policy_without_approvers', `the policy ${policy.name} asks for approvals by ${then.need}, and at most ${then.have} could approve`)]
    })
    if (effects.length === 0) return effects
    const openThen = this.#openGroups(gone)
    const isIn = (entry: Entry, groups: ReadonlySet<string>) => entry.groups.some((group) => groups.has(group))
    const closing = this.#devices.filter(([, entry]) => isIn(entry, this.#openNow) && !isIn(entry, openThen)).map(([keyid]) => keyid).sort()
    if (closing.length === 0) return effects
    return [...effects, effect('devices_unopenable', `nobody can open ${closing.length === 1 ? '1 device' : `${closing.length} devices`} any more`, closing)]
  }

  #withoutDevice(groups: readonly string[]): Effect[] {
    const left = this.#policies().filter((policy) => groups.includes(policy.devices) && this.#devicesOf.get(policy.devices) === 1)
    return [
      effect('device_closed', 'nobody opens this device until it is enrolled anew with new keys'),
      ...left.map((policy) => effect('policy_without_device', `the policy ${policy.name} is left without a device`)),
    ]
  }

  #withoutEnroller(gone: KeyId): Effect[] {
    const admit = this.state.entries.get(gone)?.admit
    const stay = this.#devices.filter(([, { power }]) => typeof power.by === 'object' && power.by.enroller === admit).length
    if (stay === 0) return []
    return [effect('enrolled_devices_stay', stay === 1 ? 'the device that it admitted stays admitted' : `the ${stay} devices that it admitted stay admitted`)]
  }

  #withoutWitness(gone: KeyId): Effect[] {
    const { witnesses, quorum: need } = this.state.roster
    const left = witnesses.filter((w) => w.key.id !== gone)
    if (left.length < need) return [effect('quorum_unreachable', `${left.length} of the ${need} witnesses that it takes are left: ${CLOSES}`), ONLY_BY_ROSTER]
    if (need > 0 && !left.some((w) => w.holds_revocations)) return [effect('no_revocation_holder', `no witness that holds revocations is left: ${CLOSES}`), ONLY_BY_ROSTER]
    return [ONLY_BY_ROSTER]
  }

  #policies(): Policy[] {
    return this.state.policies().map(({ policy }) => policy)
  }

  // The groups of devices that somebody can open.
  #openGroups(gone: KeyId | undefined): Set<string> {
    return new Set(this.#policies().filter((policy) => this.#usable(policy, gone) === 'yes').map((policy) => policy.devices))
  }

  #usable(policy: Policy, gone: KeyId | undefined): Usable {
    const approvers = this.#approvers(policy, gone)
    const technicians = this.#technicians.filter(([keyid, entry]) => keyid !== gone && entry.groups.includes(policy.technicians))
    if (technicians.length === 0) return 'no_technician'
    const have = Math.max(...technicians.map(([, { subject }]) => [...approvers].filter((person) => person !== subject.person).length))
    return have < policy.approvals ? { have, need: policy.approvals } : 'yes'
  }

  // The persons who could approve.
  #approvers({ approvers: group }: Policy, gone: KeyId | undefined): Set<string> {
    if (group === undefined) return new Set()
    if (group === 'admins') return new Set(this.#admins(gone).filter((a) => canSign(this.state, a.key)).map((a) => a.person))
    const members = this.#technicians.filter(([keyid, entry]) => keyid !== gone && entry.groups.includes(group))
    return new Set(members.flatMap(([, { subject }]) => (subject.person === undefined ? [] : [subject.person])))
  }

  #admins(gone: KeyId | undefined): Admin[] {
    return this.state.roster.admins.filter((a) => a.key.id !== gone && this.state.admin(a.key.id) !== undefined)
  }

  // How many persons can give power.
  #givers(gone: KeyId | undefined): number {
    const gives = ({ origins }: PublicKey) => origins.length === 0 || origins.some((o) => originOwner(this.state.roster, o) === 'customer')
    return new Set(this.#admins(gone).filter((a) => gives(a.key)).map((a) => a.person)).size
  }

  // Recovery keys that count, and how many it takes.
  #recovery(gone: KeyId | undefined): [number, number] {
    const { roster } = this.state
    if (!roster.recovery) return [0, 1]
    const left = roster.recovery.keys.filter((key) => key.id !== gone && !this.state.isKeyRevoked(key.id))
    return [left.length, recoveryNeed(roster)]
  }

  #isRecoverable(): boolean {
    const [left, need] = this.#recovery(undefined)
    return left >= need
  }

  #hasAnother(person: string, gone: KeyId): boolean {
    return this.#technicians.some(([keyid, { subject }]) => keyid !== gone && subject.person === person) || this.#admins(gone).some((a) => a.person === person)
  }
}

// Whether the roster lists a place where this key may sign.
const canSign = (state: State, { origins }: PublicKey): boolean => origins.length === 0 || origins.some((o) => originOwner(state.roster, o) !== undefined)
