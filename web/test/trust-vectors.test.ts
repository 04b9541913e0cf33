// The vectors that crates/trust writes: the browser must say the same to every one of them.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import * as trust from '../src/trust'
import type { KeyId, OrgId, PublicKey, X25519Public } from '../src/trust'
import { parseJson } from '../src/trust/json'
import { enrol, inviteAnswer, signIn, socket } from '../src/trust/proof'
import { readJson } from '../src/trust/schema'

// The vectors are plain JSON.
type Any = any

const load = (name: string): Any => JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8'))

const bytes = (b64u: string) => trust.fromB64u(b64u)!

/** The code of the error that `run` throws, or what it returns. */
async function codeOf(run: () => unknown): Promise<unknown> {
  try {
    return await run()
  } catch (error) {
    if (error instanceof trust.TrustError) return error.code
    throw error
  }
}

const keyOf = (raw: unknown): PublicKey => readJson(trust.publicKey, trust.utf8(JSON.stringify(raw)))

describe('envelope.json', () => {
  const vectors = load('envelope.json')

  it.each<Any>(vectors.keys)('key: $name', ({ key, id }: Any) => {
    const taken = () => readJson(trust.publicKey, trust.utf8(key)).id
    if (id === null) expect(taken).toThrow()
    else expect(taken()).toBe(id)
  })

  it.each<Any>(vectors.encodings)('encoding: $type', ({ type, payload, pae, challenge }: Any) => {
    const kind = type.replace(/^application\/vnd\.wayleave\.(.*)\.1\+json$/, '$1')
    expect(trust.toB64u(trust.pae(kind, bytes(payload)))).toBe(pae)
    expect(trust.challengeOf(kind, bytes(payload))).toBe(challenge)
  })

  const known: PublicKey[] = vectors.known.map(keyOf)
  const verify = async (text: string, keys: PublicKey[]) => {
    const signers = await trust.Envelope.parse(text).verify('warrant', (id) => keys.find((key) => key.id === id))
    return signers.map(({ keyid, origin }) => ({ keyid, origin: origin ?? null }))
  }

  it.each<Any>(vectors.cases)('$name', async ({ envelope, pad, outcome, signers }: Any) => {
    const said = await codeOf(() => verify(envelope + ' '.repeat(pad), known))
    expect(said).toEqual(outcome === 'ok' ? signers : outcome)
  })

  const es256 = load('envelope-es256.json')

  it.each<Any>(es256.cases)('ES256: $name', async ({ envelope, outcome }: Any) => {
    const keys = es256.known.map(keyOf)
    const said = await codeOf(() => verify(envelope, keys))
    expect(Array.isArray(said) ? 'ok' : said).toBe(outcome)
  })
})

describe('envelope-proofs.json', () => {
  const vectors = load('envelope-proofs.json')
  const plain = (schema: Any, value: unknown) => JSON.parse(JSON.stringify(schema.write(value)))

  it('reads an enrolment, and refuses one that another key signed', async () => {
    const said = await trust.verifyEnrol(trust.Envelope.parse(vectors.enrol.envelope))
    expect(plain(enrol, said)).toEqual(vectors.enrol.payload)
    expect(trust.deviceWords(said.key.id, said.noise)).toBe(vectors.enrol.words)
    const another = () => trust.verifyEnrol(trust.Envelope.parse(vectors.enrol_by_another))
    expect(await codeOf(another)).toBe('bad_signature')
  })

  it('reads an invitation’s answer, and refuses one that another key signed', async () => {
    const said = await trust.verifyInviteAnswer(trust.Envelope.parse(vectors.invite_answer.envelope))
    expect(plain(inviteAnswer, said)).toEqual(vectors.invite_answer.payload)
    expect(trust.personWords(said)).toBe(vectors.invite_answer.words)
    const another = () => trust.verifyInviteAnswer(trust.Envelope.parse(vectors.invite_answer_by_another))
    expect(await codeOf(another)).toBe('bad_signature')
  })

  it('reads a sign-in and a socket', () => {
    const read = (type: 'sign-in' | 'socket', schema: Any, { envelope }: Any) =>
      plain(schema, trust.Envelope.parse(envelope).read(type, schema))
    expect(read('sign-in', signIn, vectors.sign_in)).toEqual(vectors.sign_in.payload)
    expect(read('socket', socket, vectors.socket)).toEqual(vectors.socket.payload)
  })
})

async function stepOutcome(state: trust.State, step: Any): Promise<unknown> {
  if (step.hold !== undefined) {
    return codeOf(async () => ((await state.hold(trust.Envelope.parse(step.hold))) ? 'new' : 'known'))
  }
  const leaf = step.leaf_b64u === undefined ? trust.utf8(step.leaf) : bytes(step.leaf_b64u)
  const foretold = await state.check(leaf)
  const outcome = await state.append(leaf)
  expect(foretold.counts).toBe(outcome.counts)
  return outcome.counts ? 'counts' : outcome.why.code
}

function meaning(state: trust.State, now: number): unknown {
  const entries = [...state.entries].map(([id, entry]) => {
    const said = state.inForce(id, entry.role, now)
    return [id, [entry.role, typeof said === 'string' ? said : 'in_force', entry.index]]
  })
  return {
    head: state.head,
    version: state.roster.version,
    suspended: state.isSuspended,
    tainted: state.isRosterTainted,
    closed_by: state.closedBy ?? null,
    held: state.held().length,
    admins: state.roster.admins.map((a) => a.key.id).filter((id) => state.admin(id)),
    entries: Object.fromEntries(entries),
    policies: state.policies().map((p) => p.policy.name),
    recoveries: state.recoveries().map((r) => r.id),
  }
}

describe('ledger.json', () => {
  it.each<Any>(load('ledger.json'))('$name', async ({ org, genesis, steps, now, end }: Any) => {
    const state = await trust.State.genesis(org, trust.utf8(genesis))
    const outcomes = []
    for (const step of steps) outcomes.push(await stepOutcome(state, step))
    expect(outcomes).toEqual(steps.map((step: Any) => step.outcome))
    expect(meaning(state, now)).toEqual(end)
  })

  it.each<Any>(load('ledger.json'))('$name, all leaves at once', async ({ org, genesis, steps }: Any) => {
    const leaves = steps.filter((s: Any) => s.hold === undefined)
    const state = await trust.State.genesis(org, trust.utf8(genesis))
    const outcomes = await state.appendAll(leaves.map((s: Any) => (s.leaf_b64u ? bytes(s.leaf_b64u) : trust.utf8(s.leaf))))
    expect(outcomes.map((o) => (o.counts ? 'counts' : o.why.code))).toEqual(leaves.map((s: Any) => s.outcome))
  })

  it('refuses another organisation’s genesis', async () => {
    const [first, , third] = load('ledger.json')
    const other = () => trust.State.genesis(first.org, trust.utf8(third.genesis))
    expect(await codeOf(other)).toBe('other_organisation')
  })
})

describe('ledger-checkpoints.json', () => {
  const { org, genesis, cases } = load('ledger-checkpoints.json')

  it.each<Any>(cases)('$name', async ({ note, outcome, checkpoint }: Any) => {
    const { roster } = await trust.State.genesis(org, trust.utf8(genesis))
    const said = await codeOf(() => trust.Note.parse(org, note).verify(org, roster))
    expect(said).toEqual(checkpoint ?? outcome)
    if (checkpoint) expect(trust.Note.parse(org, note).toString()).toBe(note)
  })
})

async function deskOf({ org, leaves, held }: Any): Promise<trust.State> {
  const state = await trust.State.fold(org, leaves.map(trust.utf8))
  for (const envelope of held) await state.hold(trust.Envelope.parse(envelope))
  return state
}

// Bounds as they are held, from how they are written.
const whole = (bounds: Any): trust.Bounds => ({ ...trust.noBounds(), ...bounds })

describe('warrant.json', () => {
  for (const desk of load('warrant.json')) {
    it.each<Any>(desk.cases)(`${desk.name}: $name`, async ({ envelope, note, facts, outcome, details, approvals }: Any) => {
      const state = await deskOf(desk)
      const checkpoint = await trust.Note.parse(desk.org, note).verify(desk.org, state.roster)
      const known = {
        state,
        checkpoint,
        now: facts.now as number,
        device: facts.device as KeyId,
        deviceNoise: facts.device_noise as X25519Public,
        channelNoise: facts.channel_noise as X25519Public,
        joined: facts.joined ? { technician: facts.joined as X25519Public } : undefined,
        spent: facts.spent ? { ...facts.spent, bounds: whole(facts.spent.bounds) } : undefined,
        openings: facts.openings as number,
        counts: facts.counts as string[],
      }
      const judged = trust.judge(known, trust.utf8(envelope))
      if (outcome === 'opens') {
        const { warrant, ...verdict } = await judged
        expect(verdict).toEqual({ ...details, bounds: whole(details.bounds) })
        expect(warrant.org).toBe(desk.org)
      } else {
        expect(await codeOf(() => judged)).toBe(outcome)
        if (details) await expect(judged).rejects.toThrow(details.sentence)
      }
      if (approvals) {
        const approver = { keyid: approvals.approver as KeyId, origin: undefined }
        const held = (of: Any) => of && { ...of, bounds: whole(of.bounds) }
        const { lacks, foreseen } = approvals
        expect((await trust.lacking(known, trust.utf8(envelope))) ?? null).toEqual(held(lacks))
        const expected = foreseen && { ...foreseen, approvals: held(foreseen.approvals) }
        expect((await trust.foresee(known, trust.utf8(envelope), approver)) ?? null).toEqual(expected)
      }
    })
  }
})

describe('explain.json', () => {
  for (const desk of load('explain.json')) {
    it.each<Any>(desk.cases)(`${desk.name}: $name`, async ({ note, now, wish, explained }: Any) => {
      const state = await deskOf(desk)
      const checkpoint = await trust.Note.parse(desk.org, note).verify(desk.org, state.roster)
      const { obstacles, policies, allowedBy } = trust.explain({ state, checkpoint, now, ...wish, bounds: whole(wish.bounds) })
      const says = (refusal: trust.Refusal) => ({ code: refusal.code, text: refusal.message, remedy: trust.remedyOf(refusal) ?? null })
      expect(allowedBy ?? null).toBe(explained.allowedBy)
      expect(obstacles.map(says)).toEqual(explained.obstacles)
      expect(policies.map((p) => ({ ...p, misses: p.misses.map(says) }))).toEqual(explained.policies)
    })
  }
})

describe('inventory.json', () => {
  const { listed, beats, outages } = load('inventory.json')

  for (const desk of listed) {
    it.each<Any>(desk.cases)(`${desk.name}: $name`, async ({ now, keys }: Any) => {
      const state = await deskOf(desk)
      const survey = new trust.Survey(state, now)
      const found = trust.keysOf(state, now).map((listed) => {
        const { keyid, ...key } = listed
        expect(keyid).toBe(listed.heldBy === 'sealing' ? undefined : listed.id)
        return { key, warning: trust.expiryWarning(listed, now) ?? null, effects: survey.without(listed) }
      })
      const orNull = (value: unknown) => JSON.parse(JSON.stringify(value, (_, v: unknown) => (v === undefined ? null : v)))
      expect(orNull(found)).toEqual(keys)
    })
  }

  it.each<Any>(beats.cases)('a beat $name $reach', async ({ envelope, index, reach }: Any) => {
    const state = await deskOf(beats)
    const beat = await trust.verifyBeat(beats.org, keyOf(beats.device), trust.Envelope.parse(envelope))
    expect(trust.reachOf(beat, state, index)).toBe(reach)
  })

  it.each<Any>(outages.cases)('vouched for $name', async ({ note, now, outage }: Any) => {
    const state = await deskOf(outages)
    const checkpoint = await trust.Note.parse(outages.org, note).verify(outages.org, state.roster)
    const found = trust.outageOf(state, checkpoint, now)
    expect(found && { since: found.since ?? null, refusedFrom: found.refusedFrom ?? null }).toEqual(outage ?? undefined)
    expect(trust.hasNoSpareWitness(state)).toBe(true)
  })
})

describe('receipt.json', () => {
  const vectors = load('receipt.json')
  const device = keyOf(vectors.device)
  const audit = () => trust.openingKeyFromSecret(bytes(vectors.audit_secret))

  it('follows the chain and opens its bodies', async () => {
    expect((await audit()).public).toBe(vectors.audit)
    let head = trust.NO_RECEIPT
    for (const { envelope, body, head: expected } of vectors.chain) {
      const followed = await trust.follow(head, vectors.org, device, trust.Envelope.parse(envelope))
      expect(followed.head).toEqual(expected)
      expect(await trust.openBody(await audit(), followed.receipt)).toEqual({ approvers: [], ...body, bounds: whole(body.bounds) })
      head = followed.head
    }
  })

  it.each<Any>(vectors.bad)('$name: $outcome', async ({ head, envelope, outcome }: Any) => {
    const followed = () => trust.follow(head, vectors.org, device, trust.Envelope.parse(envelope))
    expect(await codeOf(followed)).toBe(outcome)
  })

  it('opens no body that was moved to another event', async () => {
    const moved = trust.Envelope.parse(vectors.body_of_another_event).read('receipt', trust.receipt)
    expect(await codeOf(async () => trust.openBody(await audit(), moved))).toBe('not_opened')
  })
})

describe('receipt_check.json', () => {
  const vectors = load('receipt_check.json')

  it.each<Any>(vectors.cases)('$name', async ({ receipts, heads, told, whole_to, newest, faults }: Any) => {
    const check = new trust.ChainCheck(vectors.org, keyOf(vectors.device))
    for (const envelope of receipts) {
      await check.take(trust.Envelope.parse(envelope))
    }
    expect(check.finish(heads, told)).toEqual({ wholeTo: whole_to, newest, faults })
  })
})

describe('beat.json', () => {
  const vectors = load('beat.json')
  const verified = (envelope: string) =>
    trust.verifyBeat(vectors.org, keyOf(vectors.device), trust.Envelope.parse(envelope))

  it('reads what the device says', async () => {
    expect(await verified(vectors.envelope)).toEqual(vectors.beat)
  })

  it.each<Any>(vectors.bad)('$name: $outcome', async ({ envelope, outcome }: Any) => {
    expect(await codeOf(() => verified(envelope))).toBe(outcome)
  })
})

describe('seal.json', () => {
  const vectors = load('seal.json')

  it.each<Any>(vectors.cases)('$name', async ({ use, aad, sealed, plain }: Any) => {
    const key = await trust.openingKeyFromSecret(bytes(vectors.secret))
    expect(key.public).toBe(vectors.public)
    const opened = await codeOf(async () => trust.toB64u(await trust.open(key, use, bytes(aad), bytes(sealed))))
    expect(opened).toBe(plain ?? 'not_opened')
  })
})

describe('names.json', () => {
  const vectors = load('names.json')

  it('gives the same words', () => {
    for (const { hash, words } of vectors.words) expect(trust.wordsOf(hash)).toBe(words)
    const { key, noise, words } = vectors.device_words
    expect(trust.deviceWords(key, noise)).toBe(words)
  })

  it('commits to names alike', () => {
    for (const { opened, commitment } of vectors.commitments) expect(trust.nameCommitment(opened)).toBe(commitment)
  })

  const checks = { name: trust.isName, line: trust.isLine, host: trust.isHost, origin: trust.isOrigin }

  it.each(Object.entries(checks))('accepts the same texts as a %s', (kind, check) => {
    for (const text of vectors.texts[kind].good) expect([text, check(text)]).toEqual([text, true])
    for (const text of vectors.texts[kind].bad) expect([text, check(text)]).toEqual([text, false])
  })

  it('shows foreign texts alike', () => {
    for (const { text, max, shown } of vectors.shown) expect(trust.showForeign(text, max)).toBe(shown)
  })
})

describe('strict reading', () => {
  const depth = (n: number) => trust.utf8('['.repeat(n) + ']'.repeat(n))

  it('bounds nesting', () => {
    expect(parseJson(depth(127))).toBeTruthy()
    expect(() => parseJson(depth(128))).toThrow('nested')
  })

  it.each(['01', '1.', '.5', '+1', '1e', '-', 'tru', '"\t"', '"\\x"', '"\\ud800"', '"\\udc00"', '[1,]', '{"a":1,}', '{a:1}', '1 1', '1e999', '\u00a01'])(
    'refuses %s',
    (text) => expect(() => parseJson(trust.utf8(text))).toThrow(),
  )

  it('refuses bytes that are not UTF-8', () => {
    expect(() => parseJson(new Uint8Array([0x22, 0xff, 0x22]))).toThrow('UTF-8')
  })

  it.each([['AA', true], ['AB', false], ['A', false], ['AAA', true], ['AAB', false], ['AA==', false], ['A A', false], ['A+', false], ['é', false], ['', true]])(
    'base64url %s: %s',
    (text, isGood) => expect(trust.fromB64u(text as string) !== undefined).toBe(isGood),
  )

  it.each([['AA==', true], ['AA', false], ['AA=', false], ['AAA=', true], ['AAAA', true], ['A===', false], ['AB==', false], ['====', false], ['AA==AAAA', false]])(
    'base64 %s: %s',
    (text, isGood) => expect(trust.fromB64(text as string) !== undefined).toBe(isGood),
  )
})

describe('an organisation id', () => {
  it('is the hash of the genesis', () => {
    for (const { org, genesis } of load('ledger.json')) expect(trust.sha256(trust.utf8(genesis))).toBe(org as OrgId)
  })
})
