// Requests for approval, from both sides: a warrant that lacks signatures goes sealed to its approvers; each opens and judges it
// as the workstation will, and signs the very envelope that was shown; the technician adds the signature to his own.
import { signal } from '@preact/signals'
import type { ApprovalRow, SignatureJson } from '../api/types'
import {
  type Bytes, Envelope, type Facts, foresee, fromB64u, judge, type KeyId, lacking, openRefusal, openWarrant, Refusal, sealRefusal, sealWarrant, type Signed, type State, toB64u, deviceWords, type Warrant, type WarrantId, warrant as warrantSchema,
} from '../trust'
import { asSentence } from '../ui/text'
import { sentence } from '../ui/toast'
import { keyOf, signerOf } from './keys'
import type { Ledger } from './ledger'
import type { ApprovalView, AskedView } from './model'
import type { Service } from './signin'
import { type Identity, type KeptWarrant, warrants } from './vault'
import type { Names } from './views'

export class Approvals {
  // What waits for this key, and what this key asked for.
  readonly forMe = signal<ApprovalView[]>([])
  readonly mine = signal<AskedView[]>([])
  // The envelopes behind what is shown: nothing else is ever signed.
  readonly #shown = new Map<string, Envelope>()
  readonly #told = new Set<string>()

  constructor(
    readonly identity: Identity,
    readonly ledger: Ledger,
    readonly service: Service,
    readonly names: Names,
    readonly onNew: (request: ApprovalView) => void,
  ) {}

  get #base(): string {
    return `/v1/orgs/${this.identity.org}/approvals`
  }

  // Leaves a signed warrant for the approvers, sealed: the service reads neither name nor reason.
  async ask(id: string): Promise<void> {
    const state = this.#state()
    const kept = await this.#kept(id)
    if (!kept) throw new Error('This warrant was signed in another browser. Connect again.')
    const sealed = await sealWarrant(state.org, state.roster.directory_key, id as WarrantId, Envelope.parse(kept.envelope))
    await this.service.call('POST', this.#base, JSON.stringify({ warrant: id, device: kept.device, until: kept.until, sealed: toB64u(sealed) }))
    await this.refresh()
  }

  async withdraw(id: string): Promise<void> {
    await this.service.call('DELETE', `${this.#base}/${id}`)
    await this.refresh()
  }

  // Reads the list anew, and tells of each request once.
  async refresh(): Promise<void> {
    if (!this.ledger.state) return
    const { forMe, mine } = await this.read()
    this.forMe.value = forMe
    this.mine.value = mine
    for (const request of forMe) {
      if (!this.#told.has(request.id) && request.warrant) this.onNew(request)
      this.#told.add(request.id)
    }
  }

  // What waits: for me, and of mine.
  async read(): Promise<{ forMe: ApprovalView[]; mine: AskedView[] }> {
    const { approvals } = await this.service.call<{ approvals: ApprovalRow[] }>('GET', this.#base)
    const [mine, others] = [approvals.filter((a) => a.by === this.identity.keyid), approvals.filter((a) => a.by !== this.identity.keyid)]
    const views = await Promise.all(others.map((row) => this.#view(row)))
    const asked = await Promise.all(mine.map((row) => this.#collect(row)))
    return { forMe: views.filter((view) => view !== undefined), mine: asked.filter((view) => view !== undefined) }
  }

  // Signs what was shown, after it was judged once more.
  async approve(id: string): Promise<void> {
    const envelope = this.#shown.get(id)
    if (!envelope) throw new Error('This request was not shown here. Reload the page.')
    const foreseen = await foresee(this.#facts(envelope.read('warrant', warrantSchema)), envelope.bytes, this.#me())
    if (!foreseen) throw new Error('Your signature would not count for this warrant any more.')
    const signed = await envelope.countersign(signerOf(this.identity))
    const { signatures } = JSON.parse(signed.text()) as { signatures: SignatureJson[] }
    const approve = signatures.find((s) => s.keyid === this.identity.keyid)
    await this.service.call('POST', `${this.#base}/${id}/answer`, JSON.stringify({ approve }))
    await this.refresh()
  }

  async refuse(id: string, why: string): Promise<void> {
    const state = this.#state()
    const sealed = await sealRefusal(state.org, state.roster.directory_key, id as WarrantId, why.trim())
    await this.service.call('POST', `${this.#base}/${id}/answer`, JSON.stringify({ refuse: toB64u(sealed) }))
    await this.refresh()
  }

  // A request as an approver sees it; none where his signature would not count and nothing is wrong with it otherwise.
  async #view(row: ApprovalRow): Promise<ApprovalView | undefined> {
    const answered = row.answers.some((a) => a.by === this.identity.keyid)
    const base = { id: row.warrant, by: row.by, device: row.device, asked: row.asked, until: row.until, answered, warrant: undefined, foreseen: undefined, trouble: '' }
    if (answered) return undefined
    try {
      const { envelope, payload } = await this.#open(row)
      const foreseen = await foresee(this.#facts(payload), envelope.bytes, this.#me())
      if (!foreseen) return undefined
      this.#shown.set(row.warrant, envelope)
      return { ...base, until: Math.min(row.until, payload.until), foreseen, warrant: this.#words(payload) }
    } catch (error) {
      return this.#mayApprove() ? { ...base, trouble: asSentence(sentence(error)) } : undefined
    }
  }

  async #open(row: ApprovalRow): Promise<{ envelope: Envelope; payload: Warrant }> {
    const { directory } = this.names
    if (!directory) throw new Error('The organisation’s directory key was not shared with this key, so that the request cannot be read. Ask an admin.')
    const sealed = fromB64u(row.sealed)
    if (!sealed) throw new Error('The service hands out a request that cannot be read.')
    let bytes: Bytes
    try {
      bytes = await openWarrant(this.#state().org, directory, row.warrant as WarrantId, sealed)
    } catch {
      throw new Error('The request was sealed for something else, or was altered on the way.')
    }
    const envelope = Envelope.parse(bytes)
    const payload = envelope.read('warrant', warrantSchema)
    if ((payload.id as string) !== row.warrant || (payload.device as string) !== row.device || (payload.by as string) !== row.by) {
      throw new Error('The sealed warrant is another than the one that the service announced. Tell your security officer.')
    }
    return { envelope, payload }
  }

  #words(payload: Warrant) {
    const entry = this.#state().entries.get(payload.device)
    return {
      who: payload.name.name, device: this.names.of(payload.device), words: entry?.subject.noise ? deviceWords(payload.device, entry.subject.noise) : '',
      scopes: payload.scopes, bounds: payload.bounds, why: payload.why, ticket: payload.ticket ?? '', until: payload.until, attended: payload.attended,
    }
  }

  // My own request: signatures that hold are added to the warrant that this browser keeps.
  async #collect(row: ApprovalRow): Promise<AskedView | undefined> {
    const kept = await this.#kept(row.warrant)
    if (!kept) return undefined
    const payload = Envelope.parse(kept.envelope).read('warrant', warrantSchema)
    const facts = this.#facts(payload)
    let envelope = Envelope.parse(kept.envelope)
    const view: AskedView = { id: row.warrant, device: kept.device, deviceName: this.names.of(kept.device), until: row.until, approved: [], refused: [], lacks: undefined, ready: false, trouble: '' }
    for (const { by, answer } of row.answers) {
      if ('refuse' in answer) {
        view.refused.push({ who: this.names.of(by), why: await this.#reason(row.warrant, answer.refuse) })
        continue
      }
      const next = await withSignature(envelope, by, answer.approve, facts)
      if (next) view.approved.push(this.names.of(by))
      envelope = next ?? envelope
    }
    try {
      view.lacks = await lacking(facts, envelope.bytes)
      // Counts are fetched when the session starts.
      if (!view.lacks) await judge(facts, envelope.bytes).catch(butCounts)
      view.ready = !view.lacks
    } catch (error) {
      view.trouble = asSentence(sentence(error))
    }
    if (envelope.text() !== kept.envelope) await warrants.keep({ ...kept, envelope: envelope.text() })
    return view
  }

  async #reason(id: string, sealed: string): Promise<string> {
    const bytes = fromB64u(sealed)
    const { directory } = this.names
    if (!bytes || !directory) return ''
    return openRefusal(this.#state().org, directory, id as WarrantId, bytes).catch(() => '')
  }

  // Whether some policy names this key's group as approvers: only then what cannot be read is worth a word.
  #mayApprove(): boolean {
    const state = this.#state()
    const entry = state.inForce(this.identity.keyid as KeyId, 'technician', Date.now())
    const groups = typeof entry === 'string' ? [] : entry.groups
    return state.policies().some(({ policy }) => policy.approvers === 'admins' ? this.identity.role === 'admin' : policy.approvers !== undefined && groups.includes(policy.approvers))
  }

  #me(): Signed {
    return meAsSigner(this.identity)
  }

  #facts(payload: Warrant): Facts {
    const { checkpoint } = this.ledger
    const state = this.#state()
    if (!checkpoint) throw new Error('The ledger is not read yet.')
    const entry = state.inForce(payload.device, 'device', Date.now())
    if (typeof entry === 'string' || !entry.subject.noise) throw new Error('The organisation’s ledger does not admit this device now.')
    return { state, checkpoint, now: Date.now(), device: payload.device, deviceNoise: entry.subject.noise, channelNoise: payload.noise, openings: 0 }
  }

  async #kept(id: string): Promise<KeptWarrant | undefined> {
    return (await warrants.all()).find((w) => w.id === id)
  }

  #state(): State {
    if (!this.ledger.state) throw new Error('The ledger is not read yet. Wait until it is, then try again.')
    return this.ledger.state
  }
}

function butCounts(error: unknown): void {
  if (!(error instanceof Refusal && error.code === 'uncounted')) throw error
}

// Where a signature of this identity would be made: a passkey's on this page's origin.
export function meAsSigner(identity: Identity): Signed {
  const key = keyOf(identity.key)
  return { keyid: identity.keyid as KeyId, origin: key.kind === 'ed25519' ? key.origins[0] : location.origin }
}

// The envelope with one more signature; none if it is somebody else's, or spoils the warrant.
async function withSignature(envelope: Envelope, by: string, signature: SignatureJson, facts: Facts): Promise<Envelope | undefined> {
  if (signature.keyid !== by || !facts.state.knownKey(by as KeyId)) return undefined
  const raw = JSON.parse(envelope.text()) as { signatures: SignatureJson[] }
  if (raw.signatures.some((s) => s.keyid === by)) return envelope
  try {
    const next = Envelope.parse(JSON.stringify({ ...raw, signatures: [...raw.signatures, signature] }))
    await lacking(facts, next.bytes)
    return next
  } catch {
    return undefined
  }
}

