// One signed-in identity: its ledger, live hints, and everything it can do. Pages read the signals and call the verbs.
import { signal } from '@preact/signals'
import { ServiceError } from '../api/request'
import type { ConsoleEvent, Devices, DeviceState, Invite, KeyUses, LedgerPage, SessionRow, WaitingDevice } from '../api/types'
import type { Bounds, Effect, Envelope, Explanation, KeyId, OrgId, Say, State, StatementId, OpeningKey } from '../trust'
import { Acts, type NewAdmin } from './acts'
import { Approvals } from './approvals'
import { Confirmations } from './confirmations'
import { type Delivered, Delivery } from './delivery'
import { Drafts } from './drafts'
import { beatTimes, effectsOf, type KeyView, keyViews, type LastUse } from './inventory'
import { Ledger, LedgerFault } from './ledger'
import { Live } from './live'
import type { DeviceView, DraftView, InviteView, PersonView, PolicyView, SessionView, WaitingView } from './model'
import { go, path } from './router'
import { auditKeyFrom, type DeviceReceipts, readReceipts, type ReceiptsPage } from './receipts'
import { Service } from './signin'
import type { Wish } from './suggest'
import { sentence, toast } from '../ui/toast'
import { type Identity, identities, type SignedStatement } from './vault'
import { devicesOf, factsOf, invitesOf, Names, type OrgFacts, peopleOf, policiesOf, waitingOf } from './views'
import { type Asking, type Foresight, type Question, Wishes } from './wishes'

const REFRESH_MS = 60_000
// Refusals that no waiting mends.
const NO_MEMBER = ['revoked', 'not_a_member']

export interface Choice extends Wish {
  why: string
  ticket: string
  bounds: Bounds
}

export class Account {
  readonly ready = signal(false)
  readonly status = signal<'connecting' | 'live' | 'offline'>('connecting')
  readonly trouble = signal('')
  // Why the service lets this key in no more; nothing is asked of it again until somebody retries.
  readonly locked = signal('')
  readonly orgName = signal('')
  readonly size = signal(0)
  readonly witnessed = signal(false)
  readonly devices = signal<DeviceView[]>([])
  readonly waiting = signal<WaitingView[]>([])
  readonly people = signal<PersonView[]>([])
  readonly policies = signal<PolicyView[]>([])
  readonly keys = signal<KeyView[]>([])
  readonly invites = signal<InviteView[]>([])
  readonly sessions = signal<SessionView[]>([])
  readonly unsequenced = signal<SignedStatement[]>([])
  readonly facts = signal<OrgFacts | null>(null)
  readonly service: Service
  readonly ledger: Ledger
  readonly names = new Names()
  readonly #acts: Acts
  readonly #delivery: Delivery
  readonly #wishes: Wishes
  readonly approvals: Approvals
  readonly drafts: Drafts
  readonly confirmations: Confirmations
  readonly #live: Live
  readonly #presence = new Map<string, DeviceState>()
  #waitingRaw: WaitingDevice[] = []
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(readonly identity: Identity) {
    this.service = new Service(identity)
    this.ledger = new Ledger(identity.org as OrgId)
    this.#acts = new Acts(identity, this.ledger)
    this.confirmations = new Confirmations(this.ledger, this.names, async () => {
      const { devices } = await this.service.call<Devices>('GET', `${this.#base}/devices`)
      await this.syncLedger()
      return devices
    })
    this.#delivery = new Delivery(this.service, this.ledger, (statement, by) => this.confirmations.watch(statement, by))
    this.#wishes = new Wishes(identity, this.ledger, this.service, this.names)
    this.approvals = new Approvals(identity, this.ledger, this.service, this.names, (request) => {
      announce(`${this.names.of(request.by)} asks for approval: ${this.names.of(request.device)}`, '/approvals')
    })
    const publish = async (whole: Envelope, what: string) => this.#delivery.deliver(await this.#acts.keep(whole, what))
    this.drafts = new Drafts(identity, this.ledger, this.service, this.names, publish, (draft) => {
      announce(`${draft.by} asks for your signature: ${draft.title}`, '/organisation')
    })
    this.#live = new Live(this.service, {
      onEvent: (event) => void this.#onEvent(event).catch((error: unknown) => this.#stumble(error)),
      onStatus: (status) => { this.status.value = status },
      onReady: () => void this.refresh(),
      onTrouble: (error) => this.#stumble(error),
    })
    void this.#begin()
  }

  get #base(): string {
    return `/v1/orgs/${this.identity.org}`
  }

  async #begin(): Promise<void> {
    try {
      await this.ledger.load()
      if (this.ledger.state) await this.#show()
      await this.refresh()
      if (this.locked.value) return
      this.#live.start()
      this.#timer = setInterval(() => void this.refresh(), REFRESH_MS)
    } catch (error) {
      this.#stumble(error)
    }
  }

  retry(): void {
    this.trouble.value = ''
    this.locked.value = ''
    this.close()
    void this.#begin()
  }

  close(): void {
    clearInterval(this.#timer)
    this.confirmations.stop()
    this.#live.stop()
  }

  async refresh(): Promise<void> {
    try {
      await this.syncLedger()
      const [devices, sessions] = await Promise.all([
        this.service.call<Devices>('GET', `${this.#base}/devices`),
        this.service.call<{ sessions: SessionRow[] }>('GET', `${this.#base}/sessions`),
        this.identity.role === 'admin' ? this.#readInvites() : undefined,
      ])
      this.#presence.clear()
      for (const device of devices.devices) this.#presence.set(device.keyid, device)
      this.#waitingRaw = devices.waiting
      this.sessions.value = sessions.sessions.map((s) => ({ ...s, ended: s.ended, why: s.why }))
      this.trouble.value = ''
      await this.#show()
      await Promise.all([this.approvals.refresh(), this.drafts.refresh()])
    } catch (error) {
      this.#stumble(error)
    }
  }

  async syncLedger(): Promise<void> {
    await this.ledger.sync((from) => this.service.call<LedgerPage>('GET', `${this.#base}/ledger?from=${from}`))
  }

  async #readInvites(): Promise<void> {
    const { invites } = await this.service.call<{ invites: Invite[] }>('GET', `${this.#base}/invites`)
    const { state } = this.ledger
    if (state) this.invites.value = await invitesOf(state, invites, this.names.directory)
  }

  // Whom a roster made an admin is one from now on.
  async #followRole(state: State): Promise<void> {
    if (this.identity.role === 'admin' || !state.admin(this.identity.keyid as KeyId)) return
    this.identity.role = 'admin'
    await identities.keep(this.identity)
  }

  async #show(): Promise<void> {
    const { state } = this.ledger
    if (!state) return
    const now = Date.now()
    await this.names.read(state, this.identity)
    await this.#followRole(state)
    this.orgName.value = state.roster.name
    this.size.value = state.head.size
    this.witnessed.value = state.roster.quorum > 0
    this.devices.value = devicesOf(state, this.names, this.#presence, now)
    this.people.value = peopleOf(state, this.names, this.identity.keyid, now)
    this.policies.value = policiesOf(state)
    this.keys.value = keyViews(state, this.names, now)
    this.waiting.value = await waitingOf(state, this.#waitingRaw)
    this.facts.value = factsOf(state, this.ledger.checkpoint, now, this.identity.keyid, localStorage)
    this.unsequenced.value = await this.#acts.unsequenced()
    this.ready.value = true
  }

  async #onEvent(event: ConsoleEvent): Promise<void> {
    if ('ledger' in event) {
      await this.syncLedger()
      // What waits may count for more or less now.
      if (this.drafts.waiting.value.length > 0) await this.drafts.refresh()
      if (this.invites.value.some((invite) => invite.state === 'answered')) await this.#readInvites()
      if (this.approvals.forMe.value.length + this.approvals.mine.value.length > 0) await this.approvals.refresh()
    } else if ('device' in event) {
      // A hint carries no beat; the last one stays the device's last word.
      this.#presence.set(event.device.keyid, { ...event.device, ...beatOf(event.device, this.#presence) })
    } else if ('waiting' in event) {
      this.#waitingRaw = [...this.#waitingRaw.filter((w) => w.envelope !== event.waiting.envelope), event.waiting]
    } else if ('waiting_gone' in event) {
      return this.refresh()
    } else if ('invites' in event) {
      if (this.identity.role === 'admin') await this.#readInvites()
    } else if ('approvals' in event) {
      await this.syncLedger()
      await this.approvals.refresh()
    } else if ('drafts' in event) {
      await this.syncLedger()
      await this.drafts.refresh()
    } else if ('session' in event) {
      return this.refresh()
    }
    await this.#show()
  }

  #stumble(error: unknown): void {
    if (error instanceof ServiceError && NO_MEMBER.includes(error.code)) {
      this.locked.value = error.message
      this.status.value = 'offline'
      this.close()
    }
    if (error instanceof LedgerFault || this.locked.value || !this.ready.value) this.trouble.value = sentence(error)
    else if (!this.trouble.value) toast(sentence(error), 'bad')
  }

  // The groups that policies know this identity by.
  get groups(): string[] {
    return this.people.value.find((person) => person.me)?.groups ?? []
  }

  deviceName(keyid: string): string {
    return this.names.of(keyid)
  }

  personName(keyid: string): string {
    return this.names.of(keyid)
  }

  // Giving and taking power: composed here, shown by the page, signed, kept until the ledger carries it.

  async admitDevices(waiting: WaitingView[], groups: string[], days: number): Promise<Delivered> {
    return this.#give(await this.#acts.admitDevices(waiting, groups, days), `Admission of ${waiting.map((w) => w.hostname).join(', ')}`)
  }

  async admitTechnician(invite: InviteView, groups: string[], days: number): Promise<Delivered> {
    return this.#admitInvited(await this.#acts.admitTechnician(invite, groups, days))
  }

  async admitAdmin(invite: InviteView): Promise<Delivered> {
    await this.syncLedger()
    return this.#admitInvited(await this.#acts.admitAdmin(invite))
  }

  async #admitInvited({ say, what }: { say: Say; what: string }): Promise<Delivered> {
    const delivered = await this.#give(say, what)
    await this.#readInvites()
    return delivered
  }

  setPolicy(policy: Omit<PolicyView, 'id' | 'standing'>): Promise<Delivered> {
    return this.#give(this.#acts.policy(policy), `Policy ${policy.name}`)
  }

  revokeKey(keyid: string, reason: string): Promise<Delivered> {
    return this.#state({ revoke: { target: { key: keyid as KeyId }, reason } }, `Revocation of ${this.names.of(keyid)}`)
  }

  revokePolicy(id: string): Promise<Delivered> {
    return this.#state(this.#acts.revokePolicy(id), 'Revocation of a policy')
  }

  suspend(reason: string): Promise<Delivered> {
    return this.#state({ revoke: { target: '*', reason } }, 'Suspension of everything')
  }

  veto(recovery: string, reason: string): Promise<Delivered> {
    return this.#state({ revoke: { target: { recovery: recovery as StatementId }, reason } }, 'Veto of a recovery')
  }

  async resend(statement: SignedStatement): Promise<Delivered> {
    const delivered = await this.#delivery.deliver(statement)
    await this.refresh()
    return delivered
  }

  // Only who knows the newest ledger gives power. Taking it needs no newer one, and no service that hands it out.
  async #give(say: Say, what: string): Promise<Delivered> {
    await this.syncLedger()
    return this.#state(say, what)
  }

  async #state(say: Say, what: string): Promise<Delivered> {
    const made = await this.#acts.sign(say, what)
    const delivered = await ('draft' in made ? this.drafts.leave(made.draft, what) : this.#delivery.deliver(made.statement))
    await this.refresh()
    return delivered
  }

  async cosign(draft: DraftView): Promise<Delivered> {
    await this.syncLedger()
    const delivered = await this.drafts.cosign(draft)
    await this.refresh()
    return delivered
  }

  // The same once more, over the ledger as it is now.
  async draftAgain(draft: DraftView): Promise<Delivered> {
    await this.syncLedger()
    const delivered = await this.#give(this.drafts.sayAgain(draft.id), draft.title)
    await this.drafts.discard(draft.id)
    return delivered
  }

  async setThreshold(threshold: number): Promise<Delivered> {
    await this.syncLedger()
    return this.#give(this.#acts.threshold(threshold), `Threshold of ${threshold}`)
  }

  async addAdmin(admin: NewAdmin): Promise<Delivered> {
    await this.syncLedger()
    return this.#give(await this.#acts.addAdmin(admin), `Admin ${admin.name || admin.person}`)
  }

  async dropWaiting(keyid: string): Promise<void> {
    await this.service.call('DELETE', `${this.#base}/waiting/${keyid}`)
    await this.refresh()
  }

  async invite(note: string): Promise<string> {
    const { invite } = await this.service.call<{ invite: string }>('POST', `${this.#base}/invites`, JSON.stringify({ note }))
    const fragment = new URLSearchParams({ org: this.identity.org, server: this.service.server, directory: this.ledger.state?.roster.directory_key ?? '' })
    await this.#readInvites()
    return `${location.origin}/join/${invite}#${fragment}`
  }

  async cut(session: string): Promise<void> {
    await this.service.call('DELETE', `${this.#base}/sessions/${session}`)
    await this.refresh()
  }

  // Keys: what breaks without one, and when each was used: devices sign it, of people the service says it.

  effectsOf(id: string): Effect[] {
    const { state } = this.ledger
    const view = this.keys.value.find((key) => key.listed.id === id)
    return state && view ? effectsOf(state, view.listed, Date.now()) : []
  }

  async lastUses(): Promise<Map<string, LastUse>> {
    const { keys } = await this.service.call<KeyUses>('GET', `${this.#base}/key-uses`)
    const { state } = this.ledger
    const beats = state ? await beatTimes(state, [...this.#presence.values()]) : []
    return new Map([...keys.map((key): [string, LastUse] => [key.keyid, { at: key.signed_in, word: 'service' }]), ...beats])
  }

  // Sessions: foreseen, signed, started.

  foresee(device: DeviceView, choice: Asking): Foresight {
    return this.locked.value ? { why: this.locked.value, wantsTicket: false } : this.#wishes.foresee(device, choice)
  }

  explain(question: Question): Explanation | undefined {
    return this.#wishes.explain(question)
  }

  signWarrant(device: DeviceView, choice: Choice): Promise<string> {
    return this.#wishes.sign(device, choice)
  }

  async approve(warrant: string): Promise<void> {
    await this.syncLedger()
    await this.approvals.approve(warrant)
  }

  startSession(warrant: string) {
    return this.#wishes.start(warrant)
  }

  sessionOpened(warrant: string): void {
    void this.#wishes.opened(warrant)
  }

  // Receipts: what the workstations say, checked and opened here.

  receipts(device: string, audit: OpeningKey | undefined): Promise<DeviceReceipts> {
    const { org } = this.identity
    const entry = this.ledger.state?.entries.get(device as KeyId)
    if (!entry) return Promise.reject(new Error('The ledger does not know this device.'))
    const fetch = (from: number) => this.service.call<ReceiptsPage>('GET', `${this.#base}/receipts?device=${device}&from=${from}`)
    return readReceipts(org as OrgId, entry.subject.key, fetch, audit, localStorage)
  }

  async auditKey(text: string): Promise<OpeningKey> {
    if (!this.ledger.state) throw new Error('The ledger is not read yet.')
    return auditKeyFrom(text, this.ledger.state)
  }

  takeRevocations(envelopes: string[]): void {
    void Promise.all(envelopes.map((envelope) => this.ledger.hold(envelope))).then(() => this.#show())
  }
}

// Something that somebody has to look at, unless he does already.
function announce(text: string, where: string): void {
  if (path.value !== where) toast(text, 'warn', { label: 'Look', act: () => go(where) })
}

function beatOf(device: DeviceState, known: ReadonlyMap<string, DeviceState>): Pick<DeviceState, 'beat'> {
  const beat = device.beat ?? known.get(device.keyid)?.beat
  return beat === undefined ? {} : { beat }
}
