// The organisation's ledger as this browser folded it, from the pinned genesis on. It only grows.
import type { LedgerPage } from '../api/types'
import { type Checkpoint, Envelope, Note, type OrgId, State, staleness, utf8 } from '../trust'
import { ledgers } from './vault'

// The service said something about the ledger that cannot be: told to a person, never worked around.
export class LedgerFault extends Error {}

export class Ledger {
  state: State | undefined
  checkpoint: Checkpoint | undefined
  #leaves: string[] = []
  #syncing: Promise<void> = Promise.resolve()

  constructor(readonly org: OrgId) {}

  async load(): Promise<void> {
    const kept = await ledgers.get(this.org)
    if (!kept) return
    this.#leaves = kept.leaves
    this.state = await State.fold(this.org, kept.leaves.map(utf8))
    if (kept.checkpoint) this.checkpoint = await Note.parse(this.org, kept.checkpoint).verify(this.org, this.state.roster)
  }

  get size(): number {
    return this.#leaves.length
  }

  leaf(index: number): string {
    return this.#leaves[index] ?? ''
  }

  // Fetches what is new. Nothing is kept before the checkpoint over all of it was checked. One after the other: two that
  // fold the same statements at once would fold them twice.
  sync(fetchPage: (from: number) => Promise<LedgerPage>): Promise<void> {
    const next = this.#syncing.catch(() => undefined).then(() => this.#sync(fetchPage))
    this.#syncing = next
    return next
  }

  async #sync(fetchPage: (from: number) => Promise<LedgerPage>): Promise<void> {
    const fresh: string[] = []
    let page = await fetchPage(this.size)
    fresh.push(...page.leaves)
    while (this.size + fresh.length < page.size) {
      if (page.leaves.length === 0) throw new LedgerFault('The service says the ledger is longer than what it hands out. Tell your security officer.')
      page = await fetchPage(this.size + fresh.length)
      fresh.push(...page.leaves)
    }
    if (page.size < this.size) {
      throw new LedgerFault(`The service hands out ${page.size} statements of a ledger of which this browser holds ${this.size}. It was rolled back: tell your security officer.`)
    }
    await this.#grow(fresh, page.checkpoint)
    for (const envelope of page.pending) await this.hold(envelope)
  }

  async #grow(fresh: string[], checkpoint: string): Promise<void> {
    const note = Note.parse(this.org, checkpoint)
    const state = this.state ? this.state : await this.#begin(fresh)
    const rest = this.state ? fresh : fresh.slice(1)
    if (rest.length > 0) await state.appendAll(rest.map(utf8))
    if (note.head.size !== state.head.size || note.head.root !== state.head.root) {
      // The state has folded leaves that no checkpoint covers: back to what was kept.
      this.state = undefined
      await this.load()
      throw new LedgerFault('The service’s checkpoint is not about the ledger that it hands out. Tell your security officer.')
    }
    this.checkpoint = await note.verify(this.org, state.roster)
    this.state = state
    if (fresh.length === 0) return
    this.#leaves = [...this.#leaves, ...fresh]
    await ledgers.keep(this.org, { leaves: this.#leaves, checkpoint })
  }

  async #begin(fresh: string[]): Promise<State> {
    const genesis = fresh[0]
    if (genesis === undefined) throw new LedgerFault('The service hands out an empty ledger.')
    try {
      return await State.genesis(this.org, utf8(genesis))
    } catch {
      throw new LedgerFault('The service hands out another organisation’s ledger than the one that is pinned here. Tell your security officer.')
    }
  }

  // Takes a revocation ahead of the ledger; anything else is not the service's to push.
  async hold(envelope: string): Promise<void> {
    try {
      await this.state?.hold(Envelope.parse(envelope))
    } catch {
      // A revocation that does not count changes nothing.
    }
  }

  staleness(now: number): string | undefined {
    if (!this.state || !this.checkpoint) return 'No checkpoint yet.'
    return staleness(this.state, this.checkpoint, now)?.message
  }

  // Every revocation with its place, for a device that has read less of the ledger.
  revocations(): { from: number; envelope: string }[] {
    const { state } = this
    if (!state) return []
    const sequenced = state.revokeIndices.map((index) => ({ from: index, envelope: this.leaf(index) }))
    return [...sequenced, ...state.held().map((held) => ({ from: Number.MAX_SAFE_INTEGER, envelope: held.envelope.text() }))]
  }
}
