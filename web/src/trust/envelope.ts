// The one envelope for everything signed: DSSE (github.com/secure-systems-lab/dsse, protocol v1) in JSON.
// The payload travels verbatim and is signed verbatim under PAE, so nothing is ever canonicalised.

import { type Bytes, type Hash, type KeyId, clip, concat, sha256, utf8 } from './bytes'
import { TrustError } from './error'
import type { PublicKey, SignatureParts, Signer } from './key'
import { ENVELOPE_BYTES_MAX, PASSKEY_PART_BYTES_MAX, SIGNATURES_MAX } from './limits'
import { checkAssertion, isSigned } from './passkey'
import { type Schema, blob, id, list, object, optional, readJson, text, writeJson } from './schema'

/** What an envelope can hold: a closed set. */
export type PayloadType = 'statement' | 'warrant' | 'receipt' | 'enrol' | 'invite-answer' | 'sign-in' | 'socket' | 'beat' | 'count'

const TYPES: readonly PayloadType[] = ['statement', 'warrant', 'receipt', 'enrol', 'invite-answer', 'sign-in', 'socket', 'beat', 'count']

/** The DSSE payload type. */
export const payloadTypeName = (type: PayloadType): string => `application/vnd.wayleave.${type}.1+json`

/** One signature as it travels. */
export interface Signature {
  keyid: KeyId
  sig: Bytes
  webauthn?: { ad: Bytes; cd: Bytes } | undefined
}

/** A signature that was checked, with the origin it was made on: none for a native key. */
export interface Signed {
  readonly keyid: KeyId
  readonly origin: string | undefined
}

interface RawEnvelope {
  payloadType: string
  payload: Bytes
  signatures: Signature[]
}

const rawEnvelope = object<RawEnvelope>({
  payloadType: text,
  payload: blob,
  signatures: list(
    object<Signature>({
      keyid: id<KeyId>(32),
      sig: blob,
      webauthn: optional(object<{ ad: Bytes; cd: Bytes }>({ ad: blob, cd: blob })),
    }),
  ),
})

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** A parsed, not yet verified envelope, with the exact bytes it came from. */
export class Envelope {
  // Checking a signature is the slow part: it runs at most once for each key.
  readonly #checks = new Map<KeyId, Promise<boolean>>()
  // What the payload was read as: the fold looks ahead and then reads again.
  #read: { readonly schema: unknown; readonly value: unknown } | undefined

  private constructor(
    readonly bytes: Bytes,
    readonly type: PayloadType,
    readonly payload: Bytes,
    readonly signatures: readonly Signature[],
  ) {}

  /** Parses strictly. Nothing is verified yet. */
  static parse(input: Uint8Array | string): Envelope {
    const bytes = typeof input === 'string' ? utf8(input) : new Uint8Array(input)
    if (bytes.length > ENVELOPE_BYTES_MAX) {
      throw new TrustError(
        'too_large',
        `the envelope has ${bytes.length} bytes; at most ${ENVELOPE_BYTES_MAX} are accepted`,
      )
    }
    let raw: RawEnvelope
    try {
      raw = readJson(rawEnvelope, bytes)
    } catch (error) {
      throw new TrustError('malformed', `the envelope cannot be read: ${messageOf(error)}`)
    }
    const type = TYPES.find((t) => payloadTypeName(t) === raw.payloadType)
    if (!type) {
      throw new TrustError('unknown_type', `the envelope's payload type "${clip(raw.payloadType)}" is unknown`)
    }
    checkSignatures(raw.signatures)
    return new Envelope(bytes, type, raw.payload, raw.signatures)
  }

  /** Puts `payload` and its signatures into an envelope. */
  static assemble(type: PayloadType, payload: Bytes, signatures: readonly Signature[]): Envelope {
    const raw = { payloadType: payloadTypeName(type), payload, signatures: [...signatures] }
    return Envelope.parse(writeJson(rawEnvelope, raw))
  }

  /** Signs a payload that the caller composed and showed. */
  static async sign<T>(type: PayloadType, schema: Schema<T>, payload: T, signers: readonly Signer[]): Promise<Envelope> {
    const bytes = writeJson(schema, payload)
    // What a reader would refuse is not signed.
    readJson(schema, bytes)
    const message = pae(type, bytes)
    const signatures: Signature[] = []
    for (const signer of signers) signatures.push(signature(signer, await signer.sign(message)))
    return Envelope.assemble(type, bytes, signatures)
  }

  /** The same payload with one more signature, after the caller parsed and showed it. */
  async countersign(signer: Signer): Promise<Envelope> {
    const parts = await signer.sign(pae(this.type, this.payload))
    return Envelope.assemble(this.type, this.payload, [...this.signatures, signature(signer, parts)])
  }

  /**
   * Checks the type, then every signature whose key `find` knows. A known key whose signature fails refuses the whole
   * envelope; unknown keys do not count.
   */
  async verify(expected: PayloadType, find: (keyid: KeyId) => PublicKey | undefined): Promise<Signed[]> {
    this.#expect(expected)
    const signers: Signed[] = []
    for (const signature of this.signatures) {
      const key = find(signature.keyid)
      if (key) signers.push({ keyid: signature.keyid, origin: await this.#verifyOne(key, signature) })
    }
    return signers
  }

  /** The payload, after the type was checked. Unknown and duplicate members refuse. */
  read<T>(expected: PayloadType, schema: Schema<T>): T {
    this.#expect(expected)
    if (this.#read?.schema === schema) return this.#read.value as T
    try {
      const value = readJson(schema, this.payload)
      this.#read = { schema, value }
      return value
    } catch (error) {
      throw new TrustError('payload', `the payload cannot be read: ${messageOf(error)}`)
    }
  }

  /** Starts checking the signatures of `key`, so that a later [`verify`] need not wait. */
  prepare(key: PublicKey): void {
    const signature = this.signatures.find((s) => s.keyid === key.id)
    if (signature) void this.#check(key, signature)
  }

  /** SHA-256 of the exact bytes. */
  digest(): Hash {
    return sha256(this.bytes)
  }

  /** The envelope as text. */
  text(): string {
    return new TextDecoder().decode(this.bytes)
  }

  #expect(expected: PayloadType): void {
    if (this.type !== expected) {
      throw new TrustError(
        'wrong_type',
        `the envelope holds ${payloadTypeName(this.type)} where ${payloadTypeName(expected)} is expected`,
      )
    }
  }

  async #verifyOne(key: PublicKey, signature: Signature): Promise<string | undefined> {
    const isPasskey = key.kind !== 'ed25519'
    let origin = key.origins[0]
    if (isPasskey && signature.webauthn) {
      const why = (text: string) => `the signature of passkey ${key.id} does not count: ${text}`
      try {
        const challenge = sha256(pae(this.type, this.payload))
        origin = checkAssertion(key, challenge, assertionOf(signature))
      } catch (error) {
        throw new TrustError('bad_passkey', why(messageOf(error)))
      }
      if (!(await this.#check(key, signature))) {
        throw new TrustError('bad_passkey', why("the passkey's signature does not verify"))
      }
      return origin
    }
    if (isPasskey || signature.webauthn || !(await this.#check(key, signature))) {
      throw new TrustError('bad_signature', `the signature of key ${key.id} does not verify`)
    }
    return origin
  }

  // A key's id covers its kind and bytes, so the answer is the same for every key with this id.
  #check(key: PublicKey, signature: Signature): Promise<boolean> {
    let check = this.#checks.get(key.id)
    if (!check) {
      check = signature.webauthn
        ? isSigned(key, assertionOf(signature))
        : key.verifyEd25519(pae(this.type, this.payload), signature.sig)
      this.#checks.set(key.id, check)
    }
    return check
  }
}

const signature = (signer: Signer, parts: SignatureParts): Signature => ({ keyid: signer.key.id, ...parts })

const NOTHING = new Uint8Array(0)

const assertionOf = (signature: Signature) => ({
  authenticatorData: signature.webauthn?.ad ?? NOTHING,
  clientData: signature.webauthn?.cd ?? NOTHING,
  signature: signature.sig,
})

function checkSignatures(signatures: readonly Signature[]): void {
  if (signatures.length === 0 || signatures.length > SIGNATURES_MAX) {
    throw new TrustError(
      'signature_count',
      `the envelope carries ${signatures.length} signatures; 1 to ${SIGNATURES_MAX} are accepted`,
    )
  }
  const seen = new Set<KeyId>()
  for (const { keyid, webauthn } of signatures) {
    if (seen.has(keyid)) throw new TrustError('duplicate_key', `the envelope carries two signatures of key ${keyid}`)
    seen.add(keyid)
    if (webauthn && Math.max(webauthn.ad.length, webauthn.cd.length) > PASSKEY_PART_BYTES_MAX) {
      throw new TrustError(
        'malformed',
        `the envelope cannot be read: a passkey's part exceeds ${PASSKEY_PART_BYTES_MAX} bytes (${keyid})`,
      )
    }
  }
}

/** DSSE pre-authentication encoding. */
export function pae(type: PayloadType, payload: Bytes): Bytes {
  const name = payloadTypeName(type)
  return concat(utf8(`DSSEv1 ${name.length} ${name} ${payload.length} `), payload)
}

/** The challenge a passkey signs for this payload: SHA-256 of its PAE. */
export const challengeOf = (type: PayloadType, payload: Bytes): Hash => sha256(pae(type, payload))
