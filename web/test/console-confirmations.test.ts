// Who has confirmed a revocation: signatures of devices over this ledger, and nothing that the service says.
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Confirmation, Confirmations, isComplete, noQuorumWithout, progress } from '../src/console/confirmations'
import type { Ledger } from '../src/console/ledger'
import { State, utf8 } from '../src/trust'

// The vectors are plain JSON.
type Any = any

const { beats } = JSON.parse(readFileSync(new URL('../../vectors/inventory.json', import.meta.url), 'utf8')) as Any
const beatOf = (reach: string): string => beats.cases.find((c: Any) => c.reach === reach).envelope
const index: number = beats.cases[0].index
const NOW = 1_760_000_000_000

describe('a revocation that was made here', () => {
  let state: State
  let ledger: Ledger

  beforeAll(async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: NOW })
    state = await State.fold(beats.org, beats.leaves.map(utf8))
    const checkpoint = { head: state.head, witnessed: [[0, Date.now()]] }
    ledger = { state, checkpoint, size: beats.leaves.length, leaf: (at: number) => beats.leaves[at] } as unknown as Ledger
  })

  afterAll(() => { vi.useRealTimers() })

  const names = { of: () => 'Front desk' } as Any

  // What the page shows after one look at these devices.
  async function look(devices: Any[], acknowledged: string[] = [], over: Ledger = ledger): Promise<Confirmation> {
    const confirmations = new Confirmations(over, names, () => Promise.resolve(devices))
    const envelope = beats.leaves[index]
    confirmations.watch({ org: beats.org, id: 'x', envelope, what: 'Revocation', at: 0, revokes: true }, acknowledged)
    await expect.poll(() => confirmations.current.value).not.toBeNull()
    confirmations.stop()
    return confirmations.current.value!
  }

  const keyid = () => [...state.entries].find(([, entry]) => entry.role === 'device')![0]
  const device = (beat?: string) => ({ keyid: keyid(), online: true, last_seen: 5, ...(beat ? { beat } : {}) })

  it('is confirmed by a beat over a ledger that carries it', async () => {
    const found = await look([device(beatOf('holds'))])
    expect(progress(found)).toBe('1 of 1 device, 1 of 1 witness')
    expect(isComplete(found)).toBe(true)
    expect(found.inForceBy).toBeGreaterThanOrEqual(NOW + 300_000)
  })

  it.each(['lacks', 'ahead', 'other_history'])('is not confirmed by a beat that %s', async (reach) => {
    const found = await look([device(beatOf(reach))])
    expect(progress(found)).toBe('0 of 1 device, 1 of 1 witness')
    expect(found.devices).toEqual([{ keyid: keyid(), name: 'Front desk', online: true, lastSeen: 5, says: reach === 'other_history' ? 'other_history' : 'not_yet' }])
    expect(isComplete(found)).toBe(false)
  })

  it('is not confirmed by a service that says nothing, or what nobody signed', async () => {
    expect(progress(await look([]))).toBe('0 of 1 device, 1 of 1 witness')
    expect(progress(await look([device()]))).toBe('0 of 1 device, 1 of 1 witness')
    const forged = beatOf('holds').replace(/"sig":"./, '"sig":"_')
    expect(progress(await look([device(forged)]))).toBe('0 of 1 device, 1 of 1 witness')
  })

  it('is not yet in force while a quorum could lack it', async () => {
    const alone = { ...ledger, checkpoint: { head: state.head, witnessed: [] }, leaf: ledger.leaf } as unknown as Ledger
    const found = await look([device(beatOf('holds'))], [], alone)
    expect([found.inForceBy, isComplete(found)]).toEqual([undefined, false])
    expect((await look([device(beatOf('holds'))], ['watch'], alone)).inForceBy).toBeGreaterThanOrEqual(NOW + 300_000)
  })

  it('asks as many witnesses as make a quorum', () => {
    const witness = (holds_revocations: boolean) => ({ holds_revocations }) as Any
    const three = { witnesses: [witness(true), witness(true), witness(true)], quorum: 2 }
    expect(noQuorumWithout(three, [true, true, false])).toBe(true)
    expect(noQuorumWithout(three, [true, false, false])).toBe(false)
    expect(noQuorumWithout({ witnesses: [witness(true), witness(false), witness(false)], quorum: 2 }, [true, false, false])).toBe(true)
  })
})
