// From the folded ledger to what the pages show. Names come from here, never from a reply of the service.
import type { DeviceState, Invite, WaitingDevice } from '../api/types'
import {
  deviceWords, Envelope, type Entry, openDirectory, type OpeningKey, openingKeyFromSecret, openLabel, personWords, shortKey, showForeign, type State, type Subject, type Admin, verifyEnrol, verifyInviteAnswer, type KeyId, type OrgId, recoveryNeed, staleness, type Checkpoint, type Bytes, ZEROS_32,
} from '../trust'
import type { DeviceView, InviteView, PersonView, PolicyView, Standing, WaitingView } from './model'
import { type Memory, recoveriesOf, type RecoveryView } from './recovery'
import type { Identity } from './vault'

// What a genesis seals is sealed before the organisation has an id.
export const NO_ORG = ZEROS_32 as OrgId

// Opens labels with the directory key, if a share of it was sealed to this identity.
export class Names {
  readonly #opened = new Map<string, string>()
  #directory: OpeningKey | undefined
  #share = ''

  async read(state: State, identity: Identity): Promise<void> {
    const mine = memberOf(state, identity.keyid as KeyId)
    const share = mine?.directory
    if (share && this.#share !== String(share.sealed)) {
      this.#share = String(share.sealed)
      this.#directory = await this.#openShare(state.org, identity.directoryTo, share.sealed)
      this.#opened.clear()
    }
    const labelled: [KeyId, Bytes | undefined][] = [
      ...[...state.entries].map(([keyid, entry]): [KeyId, Bytes | undefined] => [keyid, entry.subject.label]),
      ...state.roster.admins.map((admin): [KeyId, Bytes | undefined] => [admin.key.id, admin.label]),
    ]
    await Promise.all(labelled.map(([keyid, label]) => this.#open(state.org, keyid, label)))
  }

  async #openShare(org: OrgId, mine: OpeningKey, sealed: Bytes): Promise<OpeningKey | undefined> {
    const secret = await openDirectory(org, mine, sealed).catch(() => openDirectory(NO_ORG, mine, sealed).catch(() => undefined))
    return secret && openingKeyFromSecret(secret)
  }

  async #open(org: OrgId, keyid: KeyId, label: Bytes | undefined): Promise<void> {
    if (!label || !this.#directory || this.#opened.has(keyid)) return
    const directory = this.#directory
    const text = await openLabel(org, directory, label).catch(() => openLabel(NO_ORG, directory, label).catch(() => undefined))
    if (text !== undefined) this.#opened.set(keyid, text)
  }

  get directory(): OpeningKey | undefined {
    return this.#directory
  }

  of(keyid: string): string {
    return this.#opened.get(keyid) ?? shortKey(keyid as KeyId)
  }
}

export function memberOf(state: State, keyid: KeyId): Admin | Subject | undefined {
  return state.admin(keyid) ?? state.entries.get(keyid)?.subject
}

export function devicesOf(state: State, names: Names, presence: ReadonlyMap<string, DeviceState>, now: number): DeviceView[] {
  return [...state.entries].filter(([, entry]) => entry.role === 'device').map(([keyid, entry]) => ({
    keyid,
    name: names.of(keyid),
    words: entry.subject.noise ? deviceWords(keyid, entry.subject.noise) : '',
    groups: [...entry.groups],
    until: entry.until,
    standing: standingOf(state, keyid, entry, now),
    presence: presence.get(keyid),
  }))
}

export function peopleOf(state: State, names: Names, me: string, now: number): PersonView[] {
  const admins = state.roster.admins.map((admin): PersonView => ({
    keyid: admin.key.id, role: 'admin', name: adminName(state, names, admin), person: admin.person, groups: [], until: undefined,
    standing: state.isKeyRevoked(admin.key.id) ? 'revoked' : 'in_force', held: admin.key.origins.length === 0 ? 'native' : admin.key.kind, me: admin.key.id === me,
  }))
  const others = [...state.entries].filter(([, entry]) => entry.role !== 'device').map(([keyid, entry]): PersonView => ({
    keyid, role: entry.role as 'technician', name: names.of(keyid), person: entry.subject.person ?? '', groups: [...entry.groups], until: entry.until,
    standing: standingOf(state, keyid, entry, now), held: entry.subject.key.origins.length === 0 ? 'native' : entry.subject.key.kind, me: keyid === me,
  }))
  return [...admins, ...others]
}

// A second key of the same person has no label of its own.
export function adminName(state: State, names: Names, admin: Admin): string {
  const first = state.roster.admins.find((other) => other.person === admin.person && other.label)
  return admin.label || !first ? names.of(admin.key.id) : `Second key of ${names.of(first.key.id)}`
}

export function policiesOf(state: State): PolicyView[] {
  return state.policies().map(({ id, policy }) => ({
    id, name: policy.name, technicians: policy.technicians, devices: policy.devices, approvers: policy.approvers, scopes: [...policy.scopes],
    maxSeconds: policy.max_seconds, unattended: policy.unattended, approvals: policy.approvals, devicesPerHour: policy.devices_per_hour, hours: policy.hours,
    openingsPerHour: policy.openings_per_hour, attendedWhenStale: policy.attended_when_stale, readUnder: [...policy.read_under],
    writeUnder: [...policy.write_under], shellAs: [...policy.shell_as], ticketRequired: policy.ticket_required, standing: 'in_force',
  }))
}

// Who may approve in a group, by name: others than the person of this browser's key.
export function approversOf(people: readonly PersonView[], group: string): string[] {
  const me = people.find((person) => person.me)?.person
  const names = new Map<string, string>()
  for (const { person, name, standing, role, groups } of people) {
    const isIn = group === 'admins' ? role === 'admin' : role === 'technician' && groups.includes(group)
    if (standing === 'in_force' && isIn && person !== me && !names.has(person)) names.set(person, name)
  }
  return [...names.values()]
}

// Enrolments that verify; the machine's own name is shown as a foreign text.
export async function waitingOf(state: State, waiting: readonly WaitingDevice[]): Promise<WaitingView[]> {
  const views = await Promise.all(waiting.map(async (device): Promise<WaitingView | undefined> => {
    try {
      const enrol = await verifyEnrol(Envelope.parse(device.envelope))
      if (enrol.org !== state.org || state.isKeyRevoked(enrol.key.id)) return undefined
      return {
        keyid: enrol.key.id, envelope: device.envelope, hostname: showForeign(enrol.hostname, 64), words: deviceWords(enrol.key.id, enrol.noise),
        address: device.address, firstSeen: device.first_seen, online: device.online,
      }
    } catch {
      return undefined
    }
  }))
  return views.filter((view) => view !== undefined)
}

export async function invitesOf(state: State, invites: readonly Invite[], directory: OpeningKey | undefined): Promise<InviteView[]> {
  return Promise.all(invites.map(async (invite) => {
    const view: InviteView = { invite: invite.invite, note: showForeign(invite.note, 200), expires: invite.expires, state: invite.state, answer: undefined }
    if (!invite.answer) return view
    try {
      const answer = await verifyInviteAnswer(Envelope.parse(invite.answer))
      if (answer.org !== state.org || answer.invite !== invite.invite) return view
      // Its key had its chance: admitted once, perhaps revoked since.
      if (state.entries.has(answer.key.id) || state.isKeyRevoked(answer.key.id)) return { ...view, state: 'admitted' as const }
      const name = answer.label && directory ? await openLabel(state.org, directory, answer.label) : invite.note || shortKey(answer.key.id)
      return { ...view, answer: { name: showForeign(name, 200), words: personWords(answer), envelope: invite.answer, held: answer.key.origins.length === 0 ? 'native' : answer.key.kind } }
    } catch {
      return view
    }
  }))
}

export interface OrgFacts {
  name: string
  domain: string
  size: number
  root: string
  version: number
  threshold: number
  admins: number
  quorum: number
  witnesses: { name: string; fresh: boolean }[]
  origins: { origin: string; owner: string }[]
  recovery: string
  recoveries: RecoveryView[]
  suspended: boolean
  stale: string
  inert: string[]
}

export function factsOf(state: State, checkpoint: Checkpoint | undefined, now: number, keyid: string, memory: Memory): OrgFacts {
  const { roster } = state
  const freshAt = (index: number) => checkpoint?.witnessed.some(([i, at]) => i === index && at + roster.max_age > now) ?? false
  return {
    name: roster.name,
    domain: roster.domain,
    size: state.head.size,
    root: state.head.root.slice(0, 12),
    version: roster.version,
    threshold: roster.threshold,
    admins: new Set(roster.admins.map((a) => a.person)).size,
    quorum: roster.quorum,
    witnesses: roster.witnesses.map((w, index) => ({ name: w.name, fresh: freshAt(index) })),
    origins: roster.console_origins.map((o) => ({ origin: o.origin, owner: o.owner })),
    recovery: roster.recovery ? `${recoveryNeed(roster)} of ${roster.recovery.keys.length} replace the admins after ${Math.round(roster.recovery.delay / 3_600_000)} hours` : '',
    recoveries: recoveriesOf(state, checkpoint, keyid, memory),
    suspended: state.isSuspended,
    stale: checkpoint ? (staleness(state, checkpoint, now)?.message ?? '') : 'No checkpoint yet.',
    inert: state.inert.map(({ index, why }) => `Statement ${index}: ${why.message}`),
  }
}

function standingOf(state: State, keyid: KeyId, entry: Entry, now: number): Standing {
  const entered = state.inForce(keyid, entry.role, now)
  if (typeof entered !== 'string') return 'in_force'
  return entered === 'expired' || entered === 'tainted' ? entered : 'revoked'
}
