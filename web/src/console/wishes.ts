// Warrants: what the workstation would say, signing one, and starting or resuming the session it opens.
import { type Approvals, decide, type KeyId, lackingOf, type Salt, type Signed, signWarrant, type State, type Warrant, type WarrantId, randomId, toB64u, type CoverFacts, Envelope, warrant as warrantSchema, type X25519Public, staleness, Refusal, deviceWords } from '../trust'
import { generateNoiseKey } from '../session'
import { asSentence } from '../ui/text'
import type { Start } from '../worker/messages'
import type { Choice } from './account'
import { meAsSigner } from './approvals'
import { signerOf } from './keys'
import type { Ledger } from './ledger'
import type { DeviceView } from './model'
import type { Service } from './signin'
import { type Identity, warrants } from './vault'
import type { Wish } from './suggest'
import type { Names } from './views'
import type { WarrantView } from './WarrantFacts'

// What the workstation would say: a policy allows it, lacks approvals alone, or why not.
export type Foresight = { policy: string } | { asks: Approvals } | { why: string }

// The device's clock may be a little behind this one.
const FROM_BEFORE_MS = 10_000

export class Wishes {
  constructor(
    readonly identity: Identity,
    readonly ledger: Ledger,
    readonly service: Service,
    readonly names: Names,
  ) {}

  // The same rules as on the workstation, asked beforehand; the workstation's own answer is the one that counts.
  async foresee(device: DeviceView, choice: Wish): Promise<Foresight> {
    const { state, checkpoint } = this.ledger
    if (!state || !checkpoint) return { why: 'The ledger is not read yet.' }
    const now = Date.now()
    const by = this.identity.keyid as KeyId
    const technician = state.inForce(by, 'technician', now)
    const entry = state.inForce(device.keyid as KeyId, 'device', now)
    if (typeof technician === 'string') return { why: 'This key is not a technician’s. Admins give power; technicians use it.' }
    if (typeof entry === 'string') return { why: `This device does not count now: ${entry.replace('_', ' ')}.` }
    if (state.isSuspended) return { why: 'The organisation has suspended all access.' }
    const stale = staleness(state, checkpoint, now)
    if (stale && !choice.attended) return { why: `The ledger is not fresh: ${stale.message}.` }
    const signers: Signed[] = [meAsSigner(this.identity)]
    const wish = { by, scopes: choice.scopes, from: now - FROM_BEFORE_MS, until: now + lifetime(choice), attended: choice.attended }
    return foreseen({ state, checkpoint, now, openings: 0, warrant: wish, technician, device: entry, signers, resumes: false, stale: stale !== undefined })
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
    const made = await this.service.call<{ session: string }>('POST', `/v1/orgs/${state.org}/sessions`, JSON.stringify({ device: payload.device, warrant: payload.id }))
    const requestKey = await this.service.requestKey()
    return {
      warrant: {
        who: this.identity.name, device: this.names.of(payload.device), words: deviceWords(payload.device, entry.subject.noise),
        scopes: payload.scopes, why: payload.why, ticket: payload.ticket ?? '', until: payload.until, attended: payload.attended,
      },
      start: {
        server: this.service.server, org: state.org, session: made.session, device: { keyid: payload.device, noise: entry.subject.noise },
        requestKey, noise: kept.noise, warrant: kept.envelope, revocations: this.ledger.revocations(),
      },
    }
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

function foreseen(facts: CoverFacts): Foresight {
  try {
    return { policy: decide(facts.state, facts).policy }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const asks = lackingOf(facts)
    return asks ? { asks } : { why: asSentence(error.message) }
  }
}

const lifetime = (choice: Wish): number => choice.minutes * 60_000 - FROM_BEFORE_MS

