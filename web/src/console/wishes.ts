// Warrants: what the workstation would say, signing one, and starting or resuming the session it opens.
import { type Approvals, type Asked, type Bounds, boundsFault, type Checkpoint, findCover, grantedOf, type KeyId, lackingOf, type Salt, signWarrant, staleness, type State, type Warrant, type WarrantId, randomId, toB64u, explain, type Explanation, Envelope, remedyOf, warrant as warrantSchema, type X25519Public, type Refusal, Uncounted, Uncovered, deviceWords } from '../trust'
import { generateNoiseKey } from '../session'
import { asSentence } from '../ui/text'
import type { Start } from '../worker/messages'
import type { Choice } from './account'
import { meAsSigner } from './approvals'
import { collectCounts } from './counts'
import { signerOf } from './keys'
import type { Ledger } from './ledger'
import type { DeviceView } from './model'
import type { Service } from './signin'
import { type Identity, type KeptWarrant, warrants } from './vault'
import type { Wish } from './suggest'
import type { Names } from './views'
import type { WarrantView } from './WarrantFacts'

// The device's clock may be a little behind this one.
const FROM_BEFORE_MS = 10_000

// What the workstation would say: a policy allows it, lacks approvals alone, or why not.
export type Foresight = { policy: string; bounds: Bounds } | { asks: Approvals } | { why: string; wantsTicket: boolean }

// What is asked for before it is signed.
export type Asking = Wish & { bounds: Bounds; ticket: string }

// Who would like to do what where; keys of technicians, devices and admins.
export interface Question extends Wish {
  technician: string
  device: string
  approvers: string[]
  bounds: Bounds
  hasTicket: boolean
}

export class Wishes {
  constructor(
    readonly identity: Identity,
    readonly ledger: Ledger,
    readonly service: Service,
    readonly names: Names,
  ) {}

  // The same rules as on the workstation, asked beforehand; the workstation's own answer is the one that counts.
  explain(question: Question): Explanation | undefined {
    const { state, checkpoint } = this.ledger
    if (!state || !checkpoint) return undefined
    const { technician, device, scopes, minutes, attended, approvers, bounds, hasTicket } = question
    return explain({
      state, checkpoint, now: Date.now(), technician: technician as KeyId, device: device as KeyId, scopes, bounds, hasTicket, lastsMs: minutes * 60_000,
      attended, approvers: approvers as KeyId[], openings: 0,
    })
  }

  foresee(device: DeviceView, choice: Asking): Foresight {
    const hasTicket = choice.ticket.trim() !== ''
    const explained = this.explain({ ...choice, hasTicket, technician: this.identity.keyid, device: device.keyid, approvers: [] })
    if (!explained) return { why: 'The ledger is not read yet.', wantsTicket: false }
    const unsound = boundsFault(choice.scopes, choice.bounds, choice.bounds.shell_as === undefined ? [] : [choice.bounds.shell_as])
    if (unsound) return { why: asSentence(unsound), wantsTicket: false }
    const asked = explained.obstacles.length === 0 ? this.#asked(device, choice) : undefined
    if (asked) {
      const covered = findCover(asked)
      if ('policy' in covered) return { policy: covered.policy, bounds: covered.bounds }
      // Counts are fetched when the session starts.
      const counting = covered instanceof Uncounted && asked.state.policies().find(({ policy }) => policy.name === explained.allowedBy)
      if (counting) return { policy: counting.policy.name, bounds: grantedOf(asked, counting.policy) }
      const asks = lackingOf(asked)
      if (asks) return { asks }
    }
    const nearest = [...explained.policies].sort((a, b) => a.misses.length - b.misses.length)[0]
    const first = explained.obstacles[0] ?? nearest?.misses[0]
    return { why: first ? whyNot(first, explained.policies.length === 1) : '', wantsTicket: first instanceof Uncovered && first.miss === 'ticket' }
  }

  // As this very page would sign it: a passkey signs on this page's origin.
  #asked(device: DeviceView, { scopes, bounds, ticket, minutes, attended }: Asking): Asked | undefined {
    const { state, checkpoint } = this.ledger
    const now = Date.now()
    const by = this.identity.keyid as KeyId
    const technician = state?.inForce(by, 'technician', now)
    const entry = state?.inForce(device.keyid as KeyId, 'device', now)
    if (!state || !checkpoint || !technician || !entry || typeof technician === 'string' || typeof entry === 'string') return undefined
    const stale = staleness(state, checkpoint, now) !== undefined
    return { state, checkpoint, now, by, technician, device: entry, scopes, bounds, hasTicket: ticket.trim() !== '', lastsMs: minutes * 60_000, attended, signers: [meAsSigner(this.identity)], openings: 0, counts: [], resumes: false, stale }
  }

  async sign(device: DeviceView, choice: Choice): Promise<string> {
    const state = this.#state()
    const noise = await generateNoiseKey()
    const now = Date.now()
    const payload: Warrant = {
      org: state.org,
      id: randomId<WarrantId>(),
      device: device.keyid as KeyId,
      by: this.identity.keyid as KeyId,
      noise: toB64u(noise.publicKey) as X25519Public,
      scopes: [...choice.scopes],
      bounds: choice.bounds,
      from: now - FROM_BEFORE_MS,
      until: now + lifetime(choice),
      attended: choice.attended,
      why: choice.why.trim(),
      ...(choice.ticket.trim() ? { ticket: choice.ticket.trim() } : {}),
      name: { name: this.identity.name, salt: this.identity.salt as Salt },
      seen: state.head,
    }
    const envelope = await signWarrant(payload, signerOf(this.identity))
    await warrants.keep({ id: payload.id, org: state.org, device: device.keyid, envelope: envelope.text(), noise, until: payload.until })
    return payload.id
  }

  // Rings the device and gives the worker what it needs; a reload finds the same warrant and key and resumes.
  async start(id: string): Promise<{ start: Start; warrant: WarrantView }> {
    const kept = (await warrants.all()).find((w) => w.id === id)
    if (!kept || kept.until <= Date.now()) throw new Error('This warrant’s time is over, or it was signed in another browser. Go back and connect again.')
    const state = await this.#whenRead()
    const payload = Envelope.parse(kept.envelope).read('warrant', warrantSchema)
    const entry = state.inForce(payload.device, 'device', Date.now())
    if (typeof entry === 'string' || !entry.subject.noise) throw new Error('The organisation’s ledger does not admit this device now.')
    const counts = await this.#counts(kept, { state, checkpoint: this.ledger.checkpoint, payload, noise: entry.subject.noise })
    const made = await this.service.call<{ session: string }>('POST', `/v1/orgs/${state.org}/sessions`, JSON.stringify({ device: payload.device, warrant: payload.id }))
    const requestKey = await this.service.requestKey()
    return {
      warrant: {
        who: this.identity.name, device: this.names.of(payload.device), words: deviceWords(payload.device, entry.subject.noise),
        scopes: payload.scopes, bounds: payload.bounds, why: payload.why, ticket: payload.ticket ?? '', until: payload.until, attended: payload.attended,
      },
      start: {
        server: this.service.server, org: state.org, session: made.session, device: { keyid: payload.device, noise: entry.subject.noise },
        requestKey, noise: kept.noise, warrant: kept.envelope, counts, revocations: this.ledger.revocations(),
      },
    }
  }

  // A session that was opened resumes without: then nothing that a witness says is in the way.
  async #counts(kept: KeptWarrant, known: { state: State; checkpoint: Checkpoint | undefined; payload: Warrant; noise: X25519Public }): Promise<string[]> {
    const { state, checkpoint, payload, noise } = known
    if (!checkpoint || kept.counted) return []
    const facts = { state, checkpoint, now: Date.now(), device: payload.device, deviceNoise: noise, channelNoise: payload.noise, openings: 0 }
    return collectCounts(facts, kept.envelope)
  }

  // The workstation opened it: from now on it resumes.
  async opened(id: string): Promise<void> {
    const kept = (await warrants.all()).find((w) => w.id === id)
    if (kept && !kept.counted) await warrants.keep({ ...kept, counted: true })
  }

  async #whenRead(): Promise<State> {
    for (let tries = 0; tries < 100 && !this.ledger.state; tries++) await new Promise((next) => setTimeout(next, 50))
    return this.#state()
  }

  #state(): State {
    if (!this.ledger.state) throw new Error('The ledger is not read yet. Wait until it is, then try again.')
    return this.ledger.state
  }
}

// What stands in the way, and who can change it; where one policy is spoken of, that none allows it is left out.
export function whyNot(refusal: Refusal, isOfOnePolicy = false): string {
  const what = isOfOnePolicy && refusal instanceof Uncovered ? refusal.text : refusal.message
  const remedy = remedyOf(refusal)
  return [what, ...(remedy ? [remedy] : [])].map(asSentence).join(' ')
}

const lifetime = (choice: Wish): number => choice.minutes * 60_000 - FROM_BEFORE_MS

