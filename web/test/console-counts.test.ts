import { readFileSync } from 'node:fs'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { collectCounts } from '../src/console/counts'
import * as trust from '../src/trust'

type Any = any
const desk: Any = JSON.parse(readFileSync('../vectors/warrant.json', 'utf8')).find((d: Any) => d.name === 'witnesses count')
const named = (name: string): Any => desk.cases.find((c: Any) => c.name === name)
afterEach(() => vi.unstubAllGlobals())

// The device's facts, with an address for each witness.
async function factsOf(name: string): Promise<{ facts: trust.Facts; warrant: string; counts: string[] }> {
  const { note, envelope, facts } = named(name)
  const state = await trust.State.fold(desk.org, desk.leaves.map(trust.utf8))
  const checkpoint = await trust.Note.parse(desk.org, note).verify(desk.org, state.roster)
  for (const witness of state.roster.witnesses) witness.url = `https://${witness.name}.example`
  const known = { state, checkpoint, now: facts.now, device: facts.device, deviceNoise: facts.device_noise, channelNoise: facts.channel_noise, openings: 0, spent: facts.spent ?? undefined }
  return { facts: known, warrant: envelope, counts: facts.counts }
}

function witnesses(answer: (url: string) => Promise<unknown> | undefined): string[] {
  const asked: string[] = []
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url)
    const said = answer(url)
    if (!said) throw new TypeError('Failed to fetch')
    const body = await said
    return { ok: typeof body === 'object' && body !== null && 'count' in body, text: async () => JSON.stringify(body) }
  })
  return asked
}

describe('counts', () => {
  it('come from every witness that folds the ledger', async () => {
    const { facts, warrant, counts } = await factsOf('both')
    const asked = witnesses(async (url) => ({ count: counts[url.includes('watch') ? 0 : 1] }))
    expect((await collectCounts(facts, warrant)).sort()).toEqual([...counts].sort())
    const path = `/v1/orgs/${desk.org}/counts`
    expect(asked).toEqual([`https://watch.example${path}`, `https://far.example${path}`])
  })

  it('are told in the words of the witness that gives none', async () => {
    const { facts, warrant, counts } = await factsOf('both')
    witnesses((url) => (url.includes('watch') ? Promise.resolve({ count: counts[0] }) : undefined))
    await expect(collectCounts(facts, warrant)).rejects.toThrow('The witness far: it does not answer.')
    witnesses(async () => ({ error: { code: 'too_many_devices', text: 'One more is possible at 12:00.' } }))
    await expect(collectCounts(facts, warrant)).rejects.toThrow('The witness watch: One more is possible at 12:00.')
  })

  it('of another warrant are not enough', async () => {
    const { facts, warrant } = await factsOf('both')
    const { counts } = await factsOf('as old as it may be')
    witnesses(async (url) => ({ count: counts[url.includes('watch') ? 0 : 1] }))
    await expect(collectCounts(facts, warrant)).rejects.toThrow('Too few witnesses')
  })

  it('are asked for where a policy asks for them', async () => {
    const { facts, warrant } = await factsOf('resumed without')
    const asked = witnesses(async () => ({}))
    expect(await collectCounts(facts, warrant)).toEqual([])
    expect(asked).toEqual([])
  })
})
