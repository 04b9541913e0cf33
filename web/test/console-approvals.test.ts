import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { ApprovalAnswer, ApprovalRow, SignatureJson } from '../src/api/types'
import { Approvals } from '../src/console/approvals'
import { Drafts } from '../src/console/drafts'
import { keyJson } from '../src/console/keys'
import type { Ledger } from '../src/console/ledger'
import type { Service } from '../src/console/signin'
import type { Identity, KeptWarrant } from '../src/console/vault'
import type { Names } from '../src/console/views'
import {
  composeStatement, ed25519FromSeed, ed25519Signer, Envelope, generateOpeningKey, type KeyId, nameCommitment, noBounds, openWarrant, type OrgId, type Policy, randomId, type Roster, type Salt, type Say, sealWarrant, sha256, signGenesis, signStatement, signWarrant, State, toB64u, type Warrant, type WarrantId, warrant as warrantSchema, type X25519Public,
} from '../src/trust'

const kept: KeptWarrant[] = []
vi.mock('../src/console/vault', () => ({
  warrants: {
    all: async () => kept,
    keep: async (warrant: KeptWarrant) => void kept.splice(kept.findIndex((w) => w.id === warrant.id), 1, warrant),
  },
}))

const person = async (n: number) => {
  const { key, privateKey } = await ed25519FromSeed(new Uint8Array(32).fill(n))
  return { key, privateKey, signer: ed25519Signer(key, privateKey), name: { name: `Person ${n}`, salt: toB64u(new Uint8Array(16).fill(n)) as Salt } }
}
type Person = Awaited<ReturnType<typeof person>>

const NOISE = toB64u(new Uint8Array(32).fill(7)) as X25519Public
const HOUR = 3_600_000

async function world() {
  const [ada, log, tess, lea, desk] = [await person(1), await person(2), await person(3), await person(4), await person(5)]
  const directory = await generateOpeningKey()
  const roster: Roster = {
    version: 1, format: 1, name: 'Hafen', domain: 'hafen.example', admins: [{ key: ada.key, person: 'ada' }], threshold: 1, log_key: log.key,
    witnesses: [], quorum: 0, max_age: 300_000, console_origins: [], audit_key: directory.public, directory_key: directory.public,
  }
  const { org, envelope } = await signGenesis(roster, [ada.signer], 1_000)
  const state = await State.genesis(org, envelope.bytes)
  const technician = (who: Person, opaque: string, group: string): Say =>
    ({ admit: { role: 'technician', subjects: [{ key: who.key, person: opaque, name: nameCommitment(who.name) }], groups: [group], until: Date.now() + 24 * HOUR } })
  const policy: Policy = {
    name: 'asks', technicians: 'support', devices: 'office', approvers: 'leads', scopes: ['view'], max_seconds: 3600, unattended: true, approvals: 1, attended_when_stale: false,
    read_under: [], write_under: [], shell_as: [], ticket_required: false,
  }
  const says: Say[] = [
    technician(tess, 'tess', 'support'), technician(lea, 'lea', 'leads'),
    { admit: { role: 'device', subjects: [{ key: desk.key, noise: NOISE }], groups: ['office'], until: Date.now() + 24 * HOUR } }, { policy },
  ]
  for (const say of says) {
    const outcome = await state.append((await signStatement(composeStatement(state, say, Date.now()), [ada.signer])).bytes)
    expect(outcome.counts).toBe(true)
  }
  const ledger = { state, checkpoint: { head: state.head, witnessed: [] } } as unknown as Ledger
  const names = { directory, of: (keyid: string) => keyid } as unknown as Names
  return { org, state, ledger, names, directory, ada, tess, lea, desk }
}
type World = Awaited<ReturnType<typeof world>>

const identityOf = (who: Person, org: OrgId, role: 'admin' | 'technician' = 'technician'): Identity => ({
  org, role, key: keyJson(who.key), keyid: who.key.id, holder: { kind: 'software', privateKey: who.privateKey }, server: '', name: who.name.name, salt: who.name.salt, person: '', created: 0,
} as unknown as Identity)

function warrantOf({ org, state, tess, desk }: World): Warrant {
  const now = Date.now()
  return {
    org, id: randomId<WarrantId>(), device: desk.key.id, by: tess.key.id, noise: NOISE, scopes: ['view'], bounds: noBounds(), from: now - 1000, until: now + HOUR / 2, attended: false,
    why: 'The printer is silent', name: tess.name, seen: state.head,
  }
}

async function rowOf(all: World, payload: Warrant, envelope: Envelope): Promise<ApprovalRow> {
  const sealed = await sealWarrant(all.org, all.directory.public, payload.id, envelope)
  return { warrant: payload.id, by: payload.by, device: payload.device, asked: Date.now(), until: payload.until, sealed: toB64u(sealed), answers: [] }
}

// A service that hands out these rows and remembers what it was sent.
function serviceOf(rows: ApprovalRow[]) {
  const sent: { path: string; body: unknown }[] = []
  const call = async (method: string, path: string, body?: string) => {
    if (method === 'GET') return { approvals: rows }
    sent.push({ path, body: body && JSON.parse(body) })
    return undefined
  }
  return { service: { call } as unknown as Service, sent }
}

const signatureOf = (envelope: Envelope, keyid: KeyId): SignatureJson =>
  (JSON.parse(envelope.text()) as { signatures: SignatureJson[] }).signatures.find((s) => s.keyid === keyid) as SignatureJson

let all: World
beforeEach(async () => {
  kept.length = 0
  all = await world()
})

describe('an approver', () => {
  const seen = async (row: ApprovalRow, who: Person = all.lea) => {
    const { service, sent } = serviceOf([row])
    const approvals = new Approvals(identityOf(who, all.org), all.ledger, service, all.names, () => undefined)
    return { approvals, sent, views: (await approvals.read()).forMe }
  }

  it('reads the sealed warrant and signs the very envelope that was shown', async () => {
    const payload = warrantOf(all)
    const envelope = await signWarrant(payload, all.tess.signer)
    const { approvals, sent, views } = await seen(await rowOf(all, payload, envelope))
    expect(views).toMatchObject([{ id: payload.id, trouble: '', foreseen: { opens: true }, warrant: { why: 'The printer is silent', who: 'Person 3' } }])
    await approvals.approve(payload.id)
    const { approve } = sent[0]?.body as { approve: SignatureJson }
    const raw = JSON.parse(envelope.text()) as { signatures: SignatureJson[] }
    const signed = Envelope.parse(JSON.stringify({ ...raw, signatures: [...raw.signatures, approve] }))
    expect((await signed.verify('warrant', (id) => all.state.knownKey(id))).map((s) => s.keyid)).toEqual([all.tess.key.id, all.lea.key.id])
  })

  it('is offered nothing that the technician did not sign', async () => {
    const payload = warrantOf(all)
    const { approvals, sent, views } = await seen(await rowOf(all, payload, await signWarrant(payload, all.desk.signer)))
    expect(views).toMatchObject([{ foreseen: undefined, warrant: undefined }])
    expect(views[0]?.trouble).toContain('has not signed it')
    await expect(approvals.approve(payload.id)).rejects.toThrow('not shown here')
    expect(sent).toEqual([])
  })

  it('is offered nothing that the service sealed again, moved or renamed', async () => {
    const [one, two] = [warrantOf(all), warrantOf(all)]
    const row = await rowOf(all, one, await signWarrant(one, all.tess.signer))
    const moved = { ...row, warrant: two.id }
    const renamed = { ...row, device: all.lea.key.id }
    const resealed = { ...row, warrant: two.id, sealed: toB64u(await sealWarrant(all.org, all.directory.public, two.id, await signWarrant(one, all.tess.signer))) }
    const troubles = { moved: 'altered on the way', renamed: 'another than the one that the service announced', resealed: 'another than the one that the service announced' }
    for (const [name, bad] of Object.entries({ moved, renamed, resealed })) {
      const { views } = await seen(bad)
      expect(views[0]?.foreseen, name).toBeUndefined()
      expect(views[0]?.trouble, name).toContain(troubles[name as keyof typeof troubles])
    }
    expect((await seen(row)).views[0]?.foreseen?.opens).toBe(true)
  })

  it('sees nothing where his signature would not count', async () => {
    const payload = warrantOf(all)
    const row = await rowOf(all, payload, await signWarrant(payload, all.tess.signer))
    expect((await seen(row, all.ada)).views).toEqual([])
  })

  it('refuses with a reason that the service cannot read', async () => {
    const payload = warrantOf(all)
    const row = await rowOf(all, payload, await signWarrant(payload, all.tess.signer))
    const { approvals, sent } = await seen(row)
    await approvals.refuse(payload.id, 'Not now')
    expect(JSON.stringify(sent)).not.toContain('Not now')
    kept.push({ id: payload.id, org: all.org, device: payload.device, envelope: (await signWarrant(payload, all.tess.signer)).text(), until: payload.until } as unknown as KeptWarrant)
    const answered = { ...row, answers: [{ by: all.lea.key.id, at: 0, answer: sent[0]?.body as ApprovalAnswer }] }
    const { service } = serviceOf([answered])
    const { mine } = await new Approvals(identityOf(all.tess, all.org), all.ledger, service, all.names, () => undefined).read()
    expect(mine).toMatchObject([{ ready: false, refused: [{ who: all.lea.key.id, why: 'Not now' }], lacks: { have: 0, need: 1 } }])
  })
})

describe('a technician', () => {
  const collected = async (answers: (envelope: Envelope) => Promise<ApprovalRow['answers']>) => {
    const payload = warrantOf(all)
    const envelope = await signWarrant(payload, all.tess.signer)
    kept.push({ id: payload.id, org: all.org, device: payload.device, envelope: envelope.text(), until: payload.until } as unknown as KeptWarrant)
    const row = { ...(await rowOf(all, payload, envelope)), answers: await answers(envelope) }
    const { service, sent } = serviceOf([row])
    const approvals = new Approvals(identityOf(all.tess, all.org), all.ledger, service, all.names, () => undefined)
    const { mine } = await approvals.read()
    return { approvals, sent, payload, envelope, view: mine[0], kept: Envelope.parse(kept[0]?.envelope ?? '') }
  }
  const answerOf = async (envelope: Envelope, who: Person) => {
    const signed = await envelope.countersign(who.signer)
    return { by: who.key.id, at: 0, answer: { approve: signatureOf(signed, who.key.id) } }
  }

  it('hands the service nothing that it can read', async () => {
    const { approvals, sent, payload, envelope } = await collected(async () => [])
    await approvals.ask(payload.id)
    const { sealed, ...clear } = sent[0]?.body as { sealed: string }
    expect(clear).toEqual({ warrant: payload.id, device: payload.device, until: payload.until })
    const opened = await openWarrant(all.org, all.directory, payload.id, new Uint8Array(Buffer.from(sealed, 'base64url')))
    expect(opened).toEqual(envelope.bytes)
  })

  it('adds an approval to the same envelope', async () => {
    const { view, kept: warrant, envelope } = await collected(async (envelope) => [await answerOf(envelope, all.lea)])
    expect(view).toMatchObject({ ready: true, lacks: undefined, approved: [all.lea.key.id] })
    expect(warrant.payload).toEqual(envelope.payload)
    expect(warrant.signatures.map((s) => s.keyid)).toEqual([all.tess.key.id, all.lea.key.id])
  })

  it('takes no signature that would spoil the warrant, and none of a stranger', async () => {
    const stranger = await person(9)
    const { view, kept: warrant } = await collected(async (envelope) => {
      const forged = await answerOf(envelope, all.desk)
      const good = await answerOf(envelope, all.lea)
      return [
        { by: all.lea.key.id, at: 0, answer: { approve: { ...forged.answer.approve, keyid: all.lea.key.id } } },
        await answerOf(envelope, stranger),
        { ...good, by: stranger.key.id },
        good,
      ]
    })
    expect(view).toMatchObject({ ready: true, approved: [all.lea.key.id] })
    expect(warrant.signatures).toHaveLength(2)
    expect(warrant.read('warrant', warrantSchema).why).toBe('The printer is silent')
  })

  it('waits where nobody who counts has signed', async () => {
    const { view } = await collected(async (envelope) => [await answerOf(envelope, all.ada)])
    expect(view).toMatchObject({ ready: false, lacks: { policy: 'asks', approvers: 'leads', have: 0, need: 1 } })
  })
})

describe('a draft', () => {
  const drafted = async (change: (row: { draft: string; envelope: string }) => object) => {
    const say: Say = { policy: { ...(all.state.policies()[0]?.policy as Policy), name: 'other' } }
    const envelope = await signStatement(composeStatement(all.state, say, Date.now()), [all.ada.signer])
    const row = { draft: sha256(envelope.payload) as string, by: all.ada.key.id, envelope: envelope.text(), created: 0, expires: 1 }
    const service = { call: async () => ({ drafts: [{ ...row, ...change(row) }] }) } as unknown as Service
    return new Drafts(identityOf(all.ada, all.org, 'admin'), all.ledger, service, all.names, () => Promise.reject(new Error('nothing is published here')), () => undefined).read()
  }

  it('is shown in words, with who signed it', async () => {
    const [view] = await drafted(() => ({}))
    expect(view).toMatchObject({ title: 'New policy other', signed: [all.ada.key.id], mine: true, complete: true, dead: '' })
    expect(view?.lines).toContainEqual(['Where', 'office'])
  })

  it('is not shown under another name than that of its payload', async () => {
    expect(await drafted(() => ({ draft: all.org }))).toEqual([])
    expect(await drafted(() => ({ envelope: '{}' }))).toEqual([])
  })
})
