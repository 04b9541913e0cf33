import { afterEach, describe, expect, it, vi } from 'vitest'
import { Delivery, outcome } from '../src/console/delivery'
import type { Ledger } from '../src/console/ledger'
import type { Service } from '../src/console/signin'
import type { SignedStatement } from '../src/console/vault'

const forgotten: string[] = []
vi.mock('../src/console/vault', () => ({ signed: { forget: async (id: string) => forgotten.push(id) } }))
afterEach(() => {
  vi.unstubAllGlobals()
  forgotten.length = 0
})

const statement = (revokes: boolean): SignedStatement => ({ org: 'ORG', id: 'id', envelope: '{}', what: 'Revocation of Eve', at: 0, revokes })
const witnesses = [{ url: 'https://w1.example', holds_revocations: true }, { url: 'https://w2.example', holds_revocations: true }, { holds_revocations: true }]
const held: string[] = []
const ledger = { state: { roster: { witnesses } }, hold: async (envelope: string) => void held.push(envelope) } as unknown as Ledger
const service = (answer: () => Promise<{ index: number }>) => ({ send: answer }) as unknown as Service
const away = () => Promise.reject(new Error('The service does not answer.'))

function witnessesThat(...answers: boolean[]): string[] {
  const asked: string[] = []
  vi.stubGlobal('fetch', async (url: string) => {
    asked.push(url)
    return { ok: answers[asked.length - 1] }
  })
  return asked
}

describe('what was signed', () => {
  it('goes to the service and to every witness when it takes power', async () => {
    const asked = witnessesThat(true, false)
    const delivered = await new Delivery(service(async () => ({ index: 12 })), ledger).deliver(statement(true))
    expect(asked).toEqual(['https://w1.example/v1/orgs/ORG/revocations', 'https://w2.example/v1/orgs/ORG/revocations'])
    expect(delivered).toEqual({ text: 'Revocation of Eve is statement 12 of the ledger, held by 1 of 2 witnesses.', tone: 'good' })
    expect(held).toEqual(['{}'])
    expect(forgotten).toEqual(['id'])
  })

  it('reaches the witnesses without the service, and stays here until the service has it', async () => {
    witnessesThat(true, true)
    const delivered = await new Delivery(service(away), ledger).deliver(statement(true))
    expect(delivered.tone).toBe('warn')
    expect(delivered.text).toContain('held by 2 of 2 witnesses, but the service has not taken it: The service does not answer.')
    expect(forgotten).toEqual([])
  })

  it('goes to the service alone when it gives power', async () => {
    const asked = witnessesThat()
    const delivered = await new Delivery(service(async () => ({ index: 3 })), ledger).deliver(statement(false))
    expect([asked, delivered.text]).toEqual([[], 'Revocation of Eve is statement 3 of the ledger.'])
  })

  it('is told as not delivered when nobody has it', async () => {
    witnessesThat(false, false)
    await expect(new Delivery(service(away), ledger).deliver(statement(true))).rejects.toThrow('The service does not answer.')
    expect(forgotten).toEqual([])
  })

  it('warns when the service has it and no witness', () => {
    expect(outcome('Revocation of Eve', 12, { held: 0, of: 1 })).toEqual({ text: 'Revocation of Eve is statement 12 of the ledger, held by 0 of 1 witnesses.', tone: 'warn' })
  })
})
