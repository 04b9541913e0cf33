import { readFileSync } from 'node:fs'
import { describe, expect, it, vi } from 'vitest'
import type { LedgerPage } from '../src/api/types'
import { Ledger, LedgerFault } from '../src/console/ledger'
import type { OrgId } from '../src/trust'

vi.mock('../src/console/vault', () => ({ ledgers: { get: async () => undefined, keep: async () => undefined } }))

const [desk] = JSON.parse(readFileSync(new URL('../../vectors/warrant.json', import.meta.url), 'utf8')) as
  { org: OrgId; leaves: string[]; cases: { note: string }[] }[]

function service(leaves: string[], checkpoint: string) {
  return async (from: number): Promise<LedgerPage> => {
    await new Promise((next) => setTimeout(next, 1))
    return { size: leaves.length, leaves: leaves.slice(from), checkpoint, pending: [] }
  }
}

describe('the ledger of a page', () => {
  if (!desk) throw new Error('vectors/warrant.json is empty')
  const { org, leaves } = desk
  const note = desk.cases[0]?.note ?? ''

  it('reads each statement once, however many ask for what is new at the same time', async () => {
    const ledger = new Ledger(org)
    const fetchPage = service(leaves, note)
    await Promise.all([ledger.sync(fetchPage), ledger.sync(fetchPage), ledger.sync(fetchPage)])
    expect(ledger.size).toBe(leaves.length)
    expect(ledger.state?.head.size).toBe(leaves.length)
  })

  it('reads on after a service that could not answer', async () => {
    const ledger = new Ledger(org)
    const silent = async () => Promise.reject(new Error('no answer'))
    const [first, second] = await Promise.allSettled([ledger.sync(silent), ledger.sync(service(leaves, note))])
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled'])
  })

  it('refuses a service that hands out less than it did', async () => {
    const ledger = new Ledger(org)
    await ledger.sync(service(leaves, note))
    await expect(ledger.sync(service(leaves.slice(0, -1), note))).rejects.toThrow(LedgerFault)
  })
})
