// Starts the signature checks of many leaves at once. It decides nothing: the fold asks each envelope again, in order.

import type { KeyId } from '../bytes'
import { Envelope } from '../envelope'
import type { PublicKey } from '../key'
import { type Statement, statement } from '../statement'
import { Inert, asInert } from './fold'
import { type Fold, knownKey } from './model'

const LEAVES_AHEAD = 256

/** Yields each leaf with its parsed envelope, while the checks of the next ones run. */
export async function* prepare(
  fold: Fold,
  leaves: readonly Uint8Array[],
): AsyncGenerator<readonly [Uint8Array, Envelope | Inert]> {
  const ahead = new Map<KeyId, PublicKey>()
  for (let from = 0; from < leaves.length; from += LEAVES_AHEAD) {
    const batch = leaves.slice(from, from + LEAVES_AHEAD)
    const envelopes = batch.map(parse)
    for (const envelope of envelopes) if (envelope instanceof Envelope) start(fold, ahead, envelope)
    for (const [at, leaf] of batch.entries()) yield [leaf, envelopes[at]!]
  }
}

function parse(leaf: Uint8Array): Envelope | Inert {
  try {
    return Envelope.parse(leaf)
  } catch (error) {
    return asInert(error)
  }
}

function start(fold: Fold, ahead: Map<KeyId, PublicKey>, envelope: Envelope): void {
  for (const key of newKeys(envelope)) ahead.set(key.id, key)
  for (const { keyid } of envelope.signatures) {
    const key = knownKey(fold, keyid) ?? ahead.get(keyid)
    if (key && envelope.type === 'statement') envelope.prepare(key)
  }
}

function newKeys(envelope: Envelope): PublicKey[] {
  let said: Statement['say']
  try {
    said = envelope.read('statement', statement).say
  } catch {
    return []
  }
  if ('roster' in said) return said.roster.admins.map((admin) => admin.key)
  return 'admit' in said ? said.admit.subjects.map((subject) => subject.key) : []
}
