// What the workstation will say to a warrant. The workstation's own answer is the one that counts: this lets a console say
// beforehand what is missing, and collect approvals before the device is asked.

import type { Bounds } from '../bounds'
import type { Hash, KeyId, WarrantId, X25519Public } from '../bytes'
import type { Checkpoint } from '../checkpoint'
import { countsThatHold } from '../count'
import { Envelope, type Signed } from '../envelope'
import { TrustError } from '../error'
import { staleness } from '../freshness'
import { CLOCK_SKEW_MS } from '../limits'
import type { Entry, NotInForce, State } from '../state'
import { JOINED_GROUP, originOwner } from '../statement'
import { type Warrant, nameCommitment, warrant as warrantSchema, warrantFault } from '../warrant'
import { type Asked, type DeviceGroups, findCover } from './cover'
import { Refusal } from './refusal'

export { Refusal, type RefusalCode } from './refusal'

/** Everything a device knows when it judges. Times in milliseconds. */
export interface Facts {
  readonly state: State
  /** The newest verified checkpoint. */
  readonly checkpoint: Checkpoint
  readonly now: number
  readonly device: KeyId
  readonly deviceNoise: X25519Public
  /**
   * Only of a machine that a join code brought here: the channel key that the technician confirmed under the code's secret.
   * Without it the ledger has to admit the device's keys.
   */
  readonly joined?: { readonly technician: X25519Public } | undefined
  /** The remote static key of the channel the warrant comes through. */
  readonly channelNoise: X25519Public
  /** What the disk says of this warrant's id. */
  readonly spent?: Spent | undefined
  /** How many sessions `by` opened on this device within the last hour. */
  readonly openings: number
  /** What comes beside the warrant: witnesses' counts, as envelopes. */
  readonly counts?: readonly string[] | undefined
}

/** A spent warrant id, with the bounds it was granted. */
export interface Spent {
  readonly noise: X25519Public
  readonly ended: boolean
  readonly bounds: Bounds
}

/** What a device grants. */
export interface Verdict {
  readonly warrant: Warrant
  /** SHA-256 of its envelope. */
  readonly digest: Hash
  /** The one policy that covers it. */
  readonly policy: string
  /** What the session may reach within its scopes: the warrant's bounds, and the policy's where the warrant has none. */
  readonly bounds: Bounds
  /** Approvers who count, by key. */
  readonly approvers: readonly KeyId[]
  readonly resumes: boolean
  /** The ledger is not known to be fresh; the policy lets an attended session open. */
  readonly stale: boolean
}

const NOT_IN_FORCE: Record<NotInForce, string> = {
  not_admitted: "the organisation's ledger does not admit this key in this role",
  expired: 'its admission has expired',
  revoked: 'it was revoked',
  tainted: 'a revoked key admitted it, and whoever revoked that key did not know of it',
}

/** The refusal of a key that does not count. */
export function notInForce(role: 'device' | 'technician', why: NotInForce): Refusal {
  return role === 'device'
    ? new Refusal('device_not_in_force', `this device does not count: ${NOT_IN_FORCE[why]}`)
    : new Refusal('technician_not_in_force', `the technician's key does not count: ${NOT_IN_FORCE[why]}`)
}

/** Judges one warrant; throws the {@link Refusal} of the first check that fails. */
export async function judge(facts: Facts, bytes: Uint8Array): Promise<Verdict> {
  const asked = await examine(facts, bytes)
  const covered = findCover(asked)
  if (!('policy' in covered)) throw covered
  return {
    warrant: asked.warrant,
    digest: asked.envelope.digest(),
    policy: covered.policy,
    bounds: covered.bounds,
    approvers: covered.approvals.map((s) => s.keyid),
    resumes: asked.resumes,
    stale: asked.stale,
  }
}

/** A warrant of which everything holds, but that no policy was asked about. */
export interface Examined extends Asked {
  readonly envelope: Envelope
  readonly warrant: Warrant
}

/** Every check before the policies; throws the {@link Refusal} of the first that fails. */
export async function examine(facts: Facts, bytes: Uint8Array): Promise<Examined> {
  const { envelope, warrant } = read(bytes)
  const fault = warrantFault(warrant)
  if (fault) throw new Refusal('shape', `the warrant is not sound: ${fault}`)
  checkAim(facts, warrant)
  const device = checkLedger(facts, warrant)
  const stale = checkFresh(facts, warrant.attended)
  const signers = await checkSigners(facts, envelope, warrant)
  const technician = checkTechnician(facts, warrant)
  const resumes = checkSpent(facts, warrant)
  checkTime(facts, warrant)
  const { state, checkpoint, now, openings } = facts
  const counts = await countsThatHold(state.roster, envelope, warrant.org, facts.counts ?? [], now)
  const { by, scopes, attended } = warrant
  // A session that is open goes on with the bounds it was granted, and with no others.
  const bounds = resumes && facts.spent ? facts.spent.bounds : warrant.bounds
  const wanted = { by, scopes, bounds, hasTicket: warrant.ticket !== undefined, lastsMs: warrant.until - warrant.from, attended }
  return { envelope, warrant, state, checkpoint, now, technician, device, ...wanted, signers, openings, counts, resumes, stale }
}

function read(bytes: Uint8Array): { envelope: Envelope; warrant: Warrant } {
  try {
    const envelope = Envelope.parse(bytes)
    return { envelope, warrant: envelope.read('warrant', warrantSchema) }
  } catch (error) {
    throw unreadable(error)
  }
}

function unreadable(error: unknown): unknown {
  if (!(error instanceof TrustError)) return error
  return new Refusal('unreadable', `the warrant cannot be read or verified: ${error.message}`)
}

function checkAim({ state, device, channelNoise, joined }: Facts, warrant: Warrant): void {
  if (warrant.org !== state.org) {
    throw new Refusal('other_organisation', 'the warrant belongs to another organisation')
  }
  if (warrant.device !== device) throw new Refusal('other_device', 'the warrant is for another device')
  if (warrant.noise !== channelNoise) {
    throw new Refusal('other_channel', "the warrant names another channel key than this channel's")
  }
  if (joined && joined.technician !== warrant.noise) {
    throw new Refusal('other_channel', "the warrant names another channel key than this channel's")
  }
  if (joined && !warrant.attended) {
    throw new Refusal('joined_unattended', 'a machine that joined by a code opens only when somebody in front of it agrees')
  }
}

/** What closes every device, whoever asks. */
export function standingFault(state: State): Refusal | undefined {
  if (state.closedBy !== undefined) {
    return new Refusal(
      'ledger_too_new',
      `the ledger holds statement ${state.closedBy}, which this agent is too old to read; update the agent`,
    )
  }
  if (state.isSuspended) {
    return new Refusal('suspended', 'the organisation has suspended all access; an admin lifts that with a new roster')
  }
  return state.isRosterTainted
    ? new Refusal('roster_tainted', 'the newest roster owes its power to a key or a recovery whose revocation the service withholds')
    : undefined
}

function checkLedger(facts: Facts, { seen }: Warrant): DeviceGroups {
  const { state, now } = facts
  const fault = standingFault(state)
  if (fault) throw fault
  const root = state.rootAt(seen.size)
  if (root === undefined) {
    throw new Refusal(
      'ledger_behind',
      'the technician knows a longer ledger than this device; it is fetching it, try again',
    )
  }
  if (root !== seen.root) {
    throw new Refusal(
      'ledger_forked',
      'the technician and this device see different histories of the ledger; tell your security officer',
    )
  }
  if (facts.joined) {
    checkUnknown(state, facts.device)
    return { groups: [JOINED_GROUP] }
  }
  const device = state.inForce(facts.device, 'device', now)
  if (typeof device === 'string') throw notInForce('device', device)
  if (device.subject.noise !== facts.deviceNoise) {
    throw new Refusal('device_noise', "this device's channel key is not the one the ledger admits")
  }
  return device
}

// A joined machine's key is nobody's: no admission, revoked or expired or not, is gone round by a join code.
function checkUnknown(state: State, device: KeyId): void {
  if (state.isKeyRevoked(device)) throw notInForce('device', 'revoked')
  if (state.knownKey(device)) {
    throw new Refusal('device_known', "the ledger knows this device's key already; a machine that joins by a code brings a fresh one")
  }
}

/** Whether the ledger is stale in a way that a policy may bear with; which one does is decided where the policy is chosen. */
export function checkFresh({ state, checkpoint, now }: Pick<Facts, 'state' | 'checkpoint' | 'now'>, attended: boolean): boolean {
  const why = staleness(state, checkpoint, now)
  if (why && (why.code === 'other_head' || !attended)) {
    throw new Refusal('stale', `the ledger is not fresh: ${why.message}`)
  }
  return why !== undefined
}

async function checkSigners({ state }: Facts, envelope: Envelope, warrant: Warrant): Promise<Signed[]> {
  let signers: Signed[]
  try {
    signers = await envelope.verify('warrant', (keyid) => state.knownKey(keyid))
  } catch (error) {
    throw unreadable(error)
  }
  if (!signers.some((s) => s.keyid === warrant.by)) {
    throw new Refusal('not_signed', 'the technician named in the warrant has not signed it')
  }
  if (!signers.every(({ origin }) => origin === undefined || originOwner(state.roster, origin))) {
    throw new Refusal('origin_not_listed', 'it was signed on a web origin that the organisation does not list')
  }
  return signers
}

function checkTechnician({ state, now }: Facts, warrant: Warrant): Entry {
  const technician = state.inForce(warrant.by, 'technician', now)
  if (typeof technician === 'string') throw notInForce('technician', technician)
  if (technician.subject.name !== nameCommitment(warrant.name)) {
    throw new Refusal('other_name', "the technician's name is not the one the ledger admits")
  }
  return technician
}

function checkSpent({ state, spent }: Facts, { id, noise }: { id: WarrantId; noise: X25519Public }): boolean {
  if (state.isWarrantRevoked(id)) throw new Refusal('revoked', 'the warrant was revoked')
  if (spent && (spent.ended || spent.noise !== noise)) {
    throw new Refusal('spent', 'the warrant was used already; sign a new one')
  }
  return spent !== undefined
}

function checkTime({ now }: Facts, { from, until }: Warrant): void {
  if (from > now + CLOCK_SKEW_MS) {
    throw new Refusal('too_early', "the warrant's time has not begun; check the clocks")
  }
  if (now >= until) throw new Refusal('expired', "the warrant's time is over; sign a new one")
}
