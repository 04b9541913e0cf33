// Who has confirmed a revocation: a device by a beat that it signed over a ledger that carries it, a witness by its word or
// by its signature over such a ledger. Nothing here is taken from the service but what others signed.
import { signal } from '@preact/signals'
import type { DeviceState } from '../api/types'
import { type Beat, Envelope, type KeyId, reachOf, type Roster, type State, statement as statementSchema, verifyBeat } from '../trust'
import { sentence } from '../ui/toast'
import type { Ledger } from './ledger'
import type { Names } from './views'
import type { SignedStatement } from './vault'

const LOOK_AGAIN_MS = 1000
// Who has not confirmed within the first minute is away.
const LOOK_LATER_MS = 15_000
const SOON_MS = 60_000

export interface AskedDevice {
  keyid: string
  name: string
  says: 'confirmed' | 'not_yet' | 'other_history'
  online: boolean
  lastSeen: number | undefined
}

export interface Confirmation {
  what: string
  since: number
  // Admitted devices; undefined where nobody can say, and why.
  devices: AskedDevice[] | undefined
  unknown: string
  witnesses: { name: string; holds: boolean }[]
  quorum: number
  // From when on no device can lack it, whoever withholds it.
  inForceBy: number | undefined
}

interface Watched {
  statement: SignedStatement
  envelope: Envelope
  seen: number
  acknowledged: readonly string[]
  index: number | undefined
}

export class Confirmations {
  // The newest revocation that was made here.
  readonly current = signal<Confirmation | null>(null)
  readonly #beats = new Map<string, { text: string; beat: Beat | undefined }>()
  #watched: Watched | undefined
  #timer: ReturnType<typeof setTimeout> | undefined

  // `fetch`: the devices first and then the ledger, so that it is as long as theirs.
  constructor(
    readonly ledger: Ledger,
    readonly names: Names,
    readonly fetch: () => Promise<DeviceState[]>,
  ) {}

  watch(statement: SignedStatement, acknowledged: readonly string[]): void {
    this.stop()
    const envelope = Envelope.parse(statement.envelope)
    const seen = envelope.read('statement', statementSchema).seen.size
    this.#watched = { statement, envelope, seen, acknowledged, index: undefined }
    this.current.value = null
    void this.look()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#watched = undefined
  }

  dismiss(): void {
    this.stop()
    this.current.value = null
  }

  // Asks once more, and again later until everybody has confirmed.
  async look(): Promise<void> {
    const watched = this.#watched
    if (!watched) return
    const begun = Date.now()
    const found = await this.fetch().then((devices) => this.#devices(watched, devices), (error: unknown) => sentence(error))
    if (watched !== this.#watched || !this.ledger.state) return
    const next = this.#confirmation(watched, this.ledger.state, found)
    this.current.value = next
    if (isComplete(next)) return this.stop()
    const soon = Math.max(LOOK_AGAIN_MS, 4 * (Date.now() - begun))
    this.#timer = setTimeout(() => void this.look(), Date.now() - next.since < SOON_MS ? soon : LOOK_LATER_MS)
  }

  #confirmation(watched: Watched, state: State, found: AskedDevice[] | string): Confirmation {
    const { roster } = state
    const before = this.current.value
    const holding = this.#holding(watched, roster)
    const cannotLack = roster.quorum > 0 && noQuorumWithout(roster, holding)
    return {
      what: watched.statement.what,
      since: before?.since ?? Date.now(),
      devices: typeof found === 'string' ? before?.devices : found,
      unknown: typeof found === 'string' ? found : '',
      witnesses: roster.witnesses.flatMap(({ name, holds_revocations }, at) => (holds_revocations ? [{ name, holds: holding[at] ?? false }] : [])),
      quorum: roster.quorum,
      inForceBy: before?.inForceBy ?? (cannotLack ? Date.now() + roster.max_age : undefined),
    }
  }

  async #devices(watched: Watched, devices: DeviceState[]): Promise<AskedDevice[]> {
    const { state } = this.ledger
    if (!state) return []
    const now = Date.now()
    watched.index ??= this.#place(watched)
    const states = new Map(devices.map((device) => [device.keyid, device]))
    const admitted = [...state.entries.keys()].filter((keyid) => typeof state.inForce(keyid, 'device', now) !== 'string')
    return Promise.all(admitted.map(async (keyid): Promise<AskedDevice> => {
      const device = states.get(keyid)
      const beat = await this.#beat(state, keyid, device?.beat)
      const reach = beat && watched.index !== undefined ? reachOf(beat, state, watched.index) : undefined
      return {
        keyid, name: this.names.of(keyid), online: device?.online ?? false, lastSeen: device?.last_seen,
        says: reach === 'holds' ? 'confirmed' : reach === 'other_history' ? 'other_history' : 'not_yet',
      }
    }))
  }

  // A beat that was checked once is not checked again.
  async #beat(state: State, keyid: KeyId, text: string | undefined): Promise<Beat | undefined> {
    const known = this.#beats.get(keyid)
    if (text === undefined || known?.text === text) return known?.beat
    const device = state.entries.get(keyid)?.subject.key
    const beat = device && (await Promise.resolve().then(() => verifyBeat(state.org, device, Envelope.parse(text))).catch(() => undefined))
    this.#beats.set(keyid, { text, beat })
    return beat
  }

  #place({ envelope, seen }: Watched): number | undefined {
    for (let at = seen; at < this.ledger.size; at += 1) {
      if (sameBytes(Envelope.parse(this.ledger.leaf(at)).payload, envelope.payload)) return at
    }
    return undefined
  }

  #holding({ acknowledged, index }: Watched, roster: Roster): boolean[] {
    const { checkpoint } = this.ledger
    const carried = checkpoint !== undefined && index !== undefined && checkpoint.head.size > index
    const cosigned = (at: number) => carried && checkpoint.witnessed.some(([witness]) => witness === at)
    return roster.witnesses.map((w, at) => w.holds_revocations && (acknowledged.includes(w.name) || cosigned(at)))
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

// Whether no quorum with a holder of revocations can be found among the witnesses that lack it.
export function noQuorumWithout(roster: Pick<Roster, 'witnesses' | 'quorum'>, holding: readonly boolean[]): boolean {
  const lacking = roster.witnesses.filter((_, at) => !holding[at])
  return lacking.length < roster.quorum || !lacking.some((w) => w.holds_revocations)
}

export function isComplete({ devices, unknown, witnesses }: Confirmation): boolean {
  return !unknown && devices !== undefined && devices.every((d) => d.says === 'confirmed') && witnesses.every((w) => w.holds)
}

// “412 of 430 devices, 2 of 2 witnesses”
export function progress({ devices, witnesses }: Confirmation): string {
  const count = (many: number, what: string, more: string) => `${many} ${many === 1 ? what : more}`
  const confirmed = devices ? `${devices.filter((d) => d.says === 'confirmed').length} of ${count(devices.length, 'device', 'devices')}` : 'devices unknown'
  return witnesses.length === 0 ? confirmed : `${confirmed}, ${witnesses.filter((w) => w.holds).length} of ${count(witnesses.length, 'witness', 'witnesses')}`
}
