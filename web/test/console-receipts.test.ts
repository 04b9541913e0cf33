// The console's own check of a device's receipts, against what a service may hand out.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { asCsv, auditKeyFrom, faultText, readReceipts, type ReceiptsPage } from '../src/console/receipts'
import { fromB64u, openingKeyFromSecret, publicKey, type State, utf8 } from '../src/trust'
import { readJson } from '../src/trust/schema'

// The vectors are plain JSON.
type Any = any

const load = (name: string): Any => JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8'))
const vectors = load('receipt.json')
const envelopes: string[] = vectors.chain.map((one: Any) => one.envelope)
const device = readJson(publicKey, utf8(JSON.stringify(vectors.device)))
const audit = () => openingKeyFromSecret(fromB64u(vectors.audit_secret) as Uint8Array)

function memory() {
  const kept = new Map<string, string>()
  return { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value) }
}

// A service that hands out these, two a page.
const service = (all: string[], have = all.length) => (from: number): Promise<ReceiptsPage> =>
  Promise.resolve({ have, receipts: all.slice(from - 1, from + 1) })

const read = async (all: string[], kept = memory(), have?: number) => readReceipts(vectors.org, device, service(all, have), await audit(), kept)

describe('receipts in the console', () => {
  it('are whole, opened, newest first', async () => {
    const { lines, verdict, altered } = await read(envelopes)
    expect(altered).toBeUndefined()
    expect(verdict).toMatchObject({ wholeTo: envelopes.length, faults: [] })
    expect(lines.map(({ receipt }) => receipt.n)).toEqual(envelopes.map((_, at) => envelopes.length - at))
    expect(lines.at(-1)?.body).toEqual({ approvers: [], bounds: { read_under: [], write_under: [] }, ...vectors.chain[0].body })
  })

  it('stay sealed without the audit key', async () => {
    const { lines } = await readReceipts(vectors.org, device, service(envelopes), undefined, memory())
    expect(lines.every(({ body }) => body === undefined)).toBe(true)
  })

  it('that a service drops after this browser saw them are UNKNOWN', async () => {
    const kept = memory()
    await read(envelopes, kept)
    const { verdict } = await read(envelopes.slice(0, 2), kept)
    expect(verdict.faults.map(faultText)).toEqual([`UNKNOWN: the device has told of ${envelopes.length} receipts, and the service hands out 2.`])
    // The twin: handed out again, they are whole again.
    expect((await read(envelopes, kept)).verdict.faults).toEqual([])
  })

  it('that a service says it has and does not hand out are UNKNOWN', async () => {
    expect((await read(envelopes.slice(0, 2), memory(), 3)).verdict.faults).toEqual([{ unknown: { after: 2, told: 3 } }])
  })

  it('with one left out have a gap', async () => {
    const { verdict } = await read(envelopes.filter((_, at) => at !== 1))
    expect(faultText(verdict.faults[0]!)).toBe('Receipt 2 is missing.')
    expect(verdict.wholeTo).toBe(1)
  })

  it('that the device did not sign are named by their place', async () => {
    const spoilt = envelopes.map((text, at) => (at === 2 ? text.replace('"sig":"', '"sig":"AAAA') : text))
    const { altered, lines } = await read(spoilt)
    expect(altered).toMatch(/^After receipt 2 the service hands out what the device did not sign/)
    expect(lines).toHaveLength(2)
  })

  it('are saved without formulas', async () => {
    const { lines } = await read(envelopes.slice(0, 1))
    const line = { ...lines[0]!, body: { ...lines[0]!.body!, why: '=1+1', ticket: 'a "b"' } }
    expect(asCsv([line])).toContain(`"'=1+1","a ""b"""`)
  })
})

describe('the audit key', () => {
  const state = { roster: { audit_key: vectors.audit } } as State

  it('comes from the backup file or from its secret', async () => {
    const secret = vectors.audit_secret as string
    for (const text of [secret, ` ${secret}\n`, JSON.stringify({ audit_secret: secret })]) expect((await auditKeyFrom(text, state)).public).toBe(vectors.audit)
  })

  it('is refused with a sentence where it is none, or another’s', async () => {
    for (const text of ['', 'short', '{"audit_secret":3}', '{']) await expect(auditKeyFrom(text, state)).rejects.toThrow('This holds no audit secret')
    const other = { roster: { audit_key: 'x' } } as unknown as State
    await expect(auditKeyFrom(vectors.audit_secret, other)).rejects.toThrow('another organisation’s')
  })
})
