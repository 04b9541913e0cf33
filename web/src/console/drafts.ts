// Statements that give power and wait for the signatures of further admins: left here, read in words, cosigned.
import { signal } from '@preact/signals'
import type { DraftRow } from '../api/types'
import { Envelope, type Inert, type Say, sha256, type State, statement as statementSchema } from '../trust'
import { asSentence } from '../ui/text'
import { lacksAdmins } from './acts'
import type { Delivered } from './delivery'
import { signerOf } from './keys'
import type { Ledger } from './ledger'
import type { DraftView } from './model'
import { tell } from './says'
import type { Service } from './signin'
import type { Identity } from './vault'
import type { Names } from './views'

export class Drafts {
  readonly waiting = signal<DraftView[]>([])
  // The envelopes behind what is shown: nothing else is ever signed.
  readonly #shown = new Map<string, Envelope>()
  readonly #told = new Set<string>()

  constructor(
    readonly identity: Identity,
    readonly ledger: Ledger,
    readonly service: Service,
    readonly names: Names,
    // What has all its signatures goes to the ledger.
    readonly publish: (whole: Envelope, what: string) => Promise<Delivered>,
    readonly onNew: (draft: DraftView) => void,
  ) {}

  get #base(): string {
    return `/v1/orgs/${this.identity.org}/drafts`
  }

  // Reads the list anew, and tells of each draft once.
  async refresh(): Promise<void> {
    if (!this.ledger.state || this.identity.role !== 'admin') return
    this.waiting.value = await this.read()
    for (const draft of this.waiting.value) {
      if (!this.#told.has(draft.id) && !draft.mine && !draft.dead) this.onNew(draft)
      this.#told.add(draft.id)
    }
  }

  // A statement that lacks admins goes to the others; with the last signature it goes to the ledger.
  async leave(envelope: Envelope, what: string): Promise<Delivered> {
    const joined = await this.#join(envelope)
    if ((await this.#state().check(joined.bytes)).counts) return this.publish(joined, what)
    return { text: `${what} is signed here. It waits for another admin’s signature, under Organisation.`, tone: 'warn' }
  }

  // Leaves a signed statement at the service; the envelope with all signatures that are there.
  async #join(envelope: Envelope): Promise<Envelope> {
    const row = await this.service.call<DraftRow>('POST', this.#base, envelope.text())
    const joined = Envelope.parse(row.envelope)
    if (sha256(joined.payload) !== sha256(envelope.payload)) throw new Error('The service kept another statement than the one that was left. Tell your security officer.')
    return joined
  }

  async read(): Promise<DraftView[]> {
    const { drafts } = await this.service.call<{ drafts: DraftRow[] }>('GET', this.#base)
    const views = await Promise.all(drafts.map((row) => this.#view(row)))
    return views.filter((view) => view !== undefined)
  }

  async discard(id: string): Promise<void> {
    await this.service.call('DELETE', `${this.#base}/${id}`)
    await this.refresh()
  }

  // Adds this key's signature over the very payload that was shown.
  async cosign({ id, title, mine }: DraftView): Promise<Delivered> {
    const envelope = this.#envelope(id)
    const signed = mine ? envelope : await envelope.countersign(signerOf(this.identity))
    return (await this.#state().check(signed.bytes)).counts ? this.publish(signed, title) : this.leave(signed, title)
  }

  // What a draft says, to be said anew over the ledger as it is now.
  sayAgain(id: string): Say {
    return again(this.#state(), this.#envelope(id).read('statement', statementSchema).say)
  }

  #envelope(id: string): Envelope {
    const envelope = this.#shown.get(id)
    if (!envelope) throw new Error('This draft was not shown here. Reload the page.')
    return envelope
  }

  // What the service hands out counts only if it is what its name says and can be read.
  async #view(row: DraftRow): Promise<DraftView | undefined> {
    const state = this.#state()
    try {
      const envelope = Envelope.parse(row.envelope)
      const said = envelope.read('statement', statementSchema)
      if (said.org !== state.org || sha256(envelope.payload) as string !== row.draft || state.carries(envelope)) return undefined
      const outcome = await state.check(envelope.bytes)
      const dead = !outcome.counts && !lacksAdmins(outcome.why, said.say) ? outcome.why : undefined
      this.#shown.set(row.draft, envelope)
      return {
        id: row.draft, by: this.names.of(row.by), ...(await tell(state, this.names, said.say)),
        signed: envelope.signatures.map((s) => this.names.of(s.keyid)), need: needOf(state, said.say), expires: row.expires,
        mine: envelope.signatures.some((s) => s.keyid === this.identity.keyid), complete: outcome.counts,
        dead: dead ? asSentence(dead.message) : '', again: dead !== undefined && isSuperseded(dead) && canSayAgain(state, said.say),
      }
    } catch {
      return undefined
    }
  }

  #state(): State {
    if (!this.ledger.state) throw new Error('The ledger is not read yet. Wait until it is, then try again.')
    return this.ledger.state
  }
}

const isSuperseded = (why: Inert): boolean => why.code === 'superseded'

// A roster that others have changed since has to be composed from the newer one.
const canSayAgain = (state: State, say: Say): boolean => !('roster' in say) || say.roster.version === state.roster.version + 1

function again(state: State, say: Say): Say {
  if (!canSayAgain(state, say)) throw new Error('The roster was changed since: begin this change again.')
  return say
}

// How many persons have to sign: for a roster those of the old and of the new.
const needOf = (state: State, say: Say): number =>
  Math.max(state.roster.threshold, 'roster' in say ? say.roster.threshold : 0)
