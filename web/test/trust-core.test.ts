import { describe, expect, it } from 'vitest'
import {
  Envelope,
  State,
  ed25519FromSeed,
  ed25519Signer,
  composeStatement,
  generateOpeningKey,
  openLabel,
  sealLabel,
  signGenesis,
  signStatement,
  wordsOf,
  randomBytes,
  toB64u,
  utf8,
  type Hash,
  type Roster,
  type X25519Public,
} from '../src/trust'

const signer = async (n: number) => {
  const { key, privateKey } = await ed25519FromSeed(new Uint8Array(32).fill(n))
  return ed25519Signer(key, privateKey)
}

async function organisation() {
  const [admin, log] = [await signer(1), await signer(2)]
  const directory = await generateOpeningKey()
  const roster: Roster = {
    version: 1,
    format: 1,
    name: 'Hafen Süd',
    domain: 'hafen.example',
    admins: [{ key: admin.key, person: 'ada' }],
    threshold: 1,
    log_key: log.key,
    witnesses: [],
    quorum: 0,
    max_age: 300_000,
    console_origins: [],
    audit_key: directory.public,
    directory_key: directory.public,
  }
  const { org, envelope } = await signGenesis(roster, [admin], 1_000)
  return { org, admin, directory, state: await State.genesis(org, envelope.bytes) }
}

describe('the trust core', () => {
  it('writes what it reads, and folds what it signed', async () => {
    const { org, admin, state } = await organisation()
    const policy = {
      name: 'desk',
      technicians: 'support',
      devices: 'office',
      scopes: ['view' as const],
      max_seconds: 600,
      unattended: false,
      approvals: 0,
      attended_when_stale: false,
      read_under: [],
      write_under: [],
      shell_as: [],
      ticket_required: false,
    }
    const first = await signStatement(composeStatement(state, { policy }, 2_000), [admin])
    const second = await signStatement(composeStatement(state, { policy: { ...policy, name: 'other' } }, 2_000), [admin])
    const revoke = { target: '*' as const, reason: 'drill' }
    const third = await signStatement(composeStatement(state, { revoke }, 3_000), [admin])
    const outcomes = await state.appendAll([first.bytes, first.bytes, third.bytes, second.bytes])
    expect(outcomes.map((o) => (o.counts ? 'counts' : o.why.code))).toEqual([
      'counts',
      'repeated',
      'counts',
      'superseded',
    ])
    expect(state.isSuspended).toBe(true)
    expect(state.org).toBe(org)
  })

  it('refuses to sign what a reader would refuse', async () => {
    const { admin, state } = await organisation()
    const revoke = { target: { key: 'short' }, reason: 'x' } as never
    await expect(signStatement(composeStatement(state, { revoke }, 1), [admin])).rejects.toThrow('32 bytes')
  })

  it('seals a label for one organisation', async () => {
    const { org, directory } = await organisation()
    const sealed = await sealLabel(org, directory.public, 'reception-3')
    expect(await openLabel(org, directory, sealed)).toBe('reception-3')
    const other = toB64u(randomBytes(32)) as never
    await expect(openLabel(other, directory, sealed)).rejects.toThrow('another key')
    await expect(sealLabel(org, toB64u(new Uint8Array(32)) as X25519Public, 'x')).rejects.toThrow('x25519')
  })

  it('gives the words of a hash', () => {
    expect(wordsOf(toB64u(new Uint8Array(32)) as Hash)).toBe(Array(6).fill('abandon').join(' '))
    expect(wordsOf(toB64u(new Uint8Array(32).fill(255)) as Hash)).toBe(Array(6).fill('zoo').join(' '))
  })

  it('refuses an envelope with a member twice', () => {
    expect(() => Envelope.parse(utf8('{"payload":"","payload":"","signatures":[]}'))).toThrow('duplicate member')
  })
})
