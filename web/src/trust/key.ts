// Signature keys: native Ed25519, page-held Ed25519, and passkeys.

import { type Bytes, type KeyId, concat, sha256, toB64u, utf8 } from './bytes'
import { TrustError } from './error'
import { JsonError } from './json'
import { ORIGINS_MAX } from './limits'
import { type Schema, blob, listOrNone, object, oneOf, optional, text } from './schema'
import { isHost, isOrigin } from './text'

/** How a key signs: Ed25519 over the envelope's PAE, or a passkey with ES256 or Ed25519. */
export type KeyKind = 'ed25519' | 'webauthn-es256' | 'webauthn-ed25519'

interface RawKey {
  kind: KeyKind
  public: Bytes
  rp?: string | undefined
  origins: string[]
}

/** A public signature key as the ledger holds it: always well-formed. */
export class PublicKey {
  readonly id: KeyId
  #imported: Promise<CryptoKey> | undefined

  private constructor(
    readonly kind: KeyKind,
    readonly bytes: Bytes,
    readonly rp: string | undefined,
    /** A passkey's origins; the one where a page-held key was made; none for a native key. */
    readonly origins: readonly string[],
  ) {
    this.id = sha256(utf8(`wayleave/key/1\0${kind}\0`), bytes) as string as KeyId
  }

  /** Checks and takes a public key. `bytes`: 32 of Ed25519, or the 65 of an uncompressed P-256 point. */
  static parse(kind: KeyKind, bytes: Bytes, rp?: string, origins: readonly string[] = []): PublicKey {
    const isSound = kind === 'webauthn-es256' ? isP256Point(bytes) : isSafeEd25519(bytes)
    if (!isSound) throw new TrustError('key', `the public key is not a valid ${kind} key`)
    const why = originsFault(kind, rp, origins)
    if (why) throw new TrustError('key', why)
    return new PublicKey(kind, bytes, rp, origins)
  }

  /** Whether this is an Ed25519 key that no page holds. */
  get isNative(): boolean {
    return this.kind === 'ed25519' && this.origins.length === 0
  }

  /** Checks a plain Ed25519 signature over `message`. */
  async verifyEd25519(message: Bytes, sig: Bytes): Promise<boolean> {
    if (this.kind === 'webauthn-es256' || sig.length !== 64) return false
    return this.#verify({ name: 'Ed25519' }, sig, message)
  }

  /** Checks an ECDSA signature in DER over `message`. */
  async verifyEs256(message: Bytes, der: Bytes): Promise<boolean> {
    const sig = this.kind === 'webauthn-es256' ? rawFromDer(der) : undefined
    return sig ? this.#verify({ name: 'ECDSA', hash: 'SHA-256' }, sig, message) : false
  }

  async #verify(algorithm: AlgorithmIdentifier | EcdsaParams, sig: Bytes, message: Bytes): Promise<boolean> {
    try {
      const importAs = this.kind === 'webauthn-es256' ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: 'Ed25519' }
      this.#imported ??= crypto.subtle.importKey('raw', this.bytes, importAs, false, ['verify'])
      return await crypto.subtle.verify(algorithm, await this.#imported, sig, message)
    } catch {
      // A point that is not on the curve verifies nothing.
      return false
    }
  }

  toJSON(): unknown {
    return publicKey.write(this)
  }
}

const rawKey = object<RawKey>({
  kind: oneOf<KeyKind>('ed25519', 'webauthn-es256', 'webauthn-ed25519'),
  public: blob,
  rp: optional(text),
  origins: listOrNone(text),
})

/** A key inside a payload. */
export const publicKey: Schema<PublicKey> = {
  read(json, where) {
    const raw = rawKey.read(json, where)
    try {
      return PublicKey.parse(raw.kind, raw.public, raw.rp, raw.origins)
    } catch (error) {
      throw new JsonError(`${where}: ${error instanceof Error ? error.message : 'not a key'}`)
    }
  },
  write: (key) => rawKey.write({ kind: key.kind, public: key.bytes, rp: key.rp, origins: [...key.origins] }),
}

function originsFault(kind: KeyKind, rp: string | undefined, origins: readonly string[]): string | undefined {
  if (origins.length > ORIGINS_MAX || !origins.every(isOrigin)) {
    return 'a key lists at most 8 origins, each https or http://localhost, in lower case'
  }
  if (kind === 'ed25519') {
    const isPlain = rp === undefined && origins.length <= 1
    return isPlain ? undefined : 'an ed25519 key has no relying party and at most the one origin where it was made'
  }
  if (origins.length === 0) return 'a passkey lists the origins it may sign on'
  return rp !== undefined && isHost(rp) ? undefined : "a passkey names its relying party's host"
}

const ED25519_P = (1n << 255n) - 19n
const ORDER_8 = new Set([
  0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n,
  0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd83d3d7017e6c7n,
])

/** Refuses non-canonical encodings and points of small order, for which a signature says nothing. */
function isSafeEd25519(bytes: Uint8Array): boolean {
  if (bytes.length !== 32) return false
  const y = toBigInt(bytes.slice().reverse()) & ((1n << 255n) - 1n)
  return y > 1n && y < ED25519_P - 1n && !ORDER_8.has(y)
}

const P256_P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn
const P256_B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn

function isP256Point(bytes: Uint8Array): boolean {
  if (bytes.length !== 65 || bytes[0] !== 4) return false
  const x = toBigInt(bytes.subarray(1, 33))
  const y = toBigInt(bytes.subarray(33))
  return x < P256_P && y < P256_P && (y * y - (x * x * x - 3n * x + P256_B)) % P256_P === 0n
}

function toBigInt(bytes: Uint8Array): bigint {
  let hex = '0x'
  for (const byte of bytes) hex += byte.toString(16).padStart(2, '0')
  return BigInt(hex)
}

/** The 64 bytes r || s of a strict DER signature, as WebCrypto wants them. */
function rawFromDer(der: Uint8Array): Bytes | undefined {
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 72) return undefined
  const out = new Uint8Array(64)
  let at = 2
  for (const end of [32, 64]) {
    const length = der[at + 1] ?? 0
    const number = der.subarray(at + 2, at + 2 + length)
    const isNegative = ((number[0] ?? 0x80) & 0x80) !== 0
    const isPadded = number.length > 1 && number[0] === 0 && ((number[1] ?? 0) & 0x80) === 0
    if (der[at] !== 2 || number.length !== length || isNegative || isPadded) return undefined
    const digits = number[0] === 0 ? number.subarray(1) : number
    if (digits.length > 32) return undefined
    out.set(digits, end - digits.length)
    at += 2 + length
  }
  return at === der.length ? out : undefined
}

const PKCS8_ED25519 = new Uint8Array([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
])

/** A private key that signs envelopes: the callers pass only what they composed, or parsed and showed. */
export interface Signer {
  readonly key: PublicKey
  /** Signs the pre-authentication encoding of an envelope. */
  sign(pae: Bytes): Promise<SignatureParts>
}

/** A signature before it stands in an envelope. */
export interface SignatureParts {
  readonly sig: Bytes
  readonly webauthn?: { readonly ad: Bytes; readonly cd: Bytes }
}

/** Signs with an Ed25519 key that WebCrypto holds. */
export function ed25519Signer(key: PublicKey, privateKey: CryptoKey): Signer {
  return {
    key,
    sign: async (pae) => ({ sig: new Uint8Array(await crypto.subtle.sign({ name: 'Ed25519' }, privateKey, pae)) }),
  }
}

/** An Ed25519 pair that the page cannot export: to be kept in IndexedDB. `origin`: where the page runs, none for request keys. */
export async function generateEd25519(origin?: string): Promise<{ key: PublicKey; privateKey: CryptoKey }> {
  const pair = (await crypto.subtle.generateKey({ name: 'Ed25519' }, false, ['sign', 'verify'])) as CryptoKeyPair
  const raw = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey))
  return { key: PublicKey.parse('ed25519', raw, undefined, origin === undefined ? [] : [origin]), privateKey: pair.privateKey }
}

/** The Ed25519 pair of a 32-byte seed; the private half is not extractable. */
export async function ed25519FromSeed(
  seed: Uint8Array,
  origin?: string,
): Promise<{ key: PublicKey; privateKey: CryptoKey }> {
  const pkcs8 = concat(PKCS8_ED25519, seed)
  const exportable = await crypto.subtle.importKey('pkcs8', pkcs8, { name: 'Ed25519' }, true, ['sign'])
  const { x } = await crypto.subtle.exportKey('jwk', exportable)
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, { name: 'Ed25519' }, false, ['sign'])
  const key = publicKey.read(
    new Map<string, never>(
      Object.entries({
        kind: 'ed25519',
        public: x ?? '',
        ...(origin === undefined ? {} : { origins: [origin] }),
      }) as [string, never][],
    ),
    'the key',
  )
  return { key, privateKey }
}

/** A short form of a key id for people: its first eight characters. */
export const shortKey = (id: KeyId): string => id.slice(0, 8)

/** The raw point of a passkey's SubjectPublicKeyInfo, as `getPublicKey()` returns it. */
export function passkeyFromSpki(algorithm: number, spki: Uint8Array, rp: string, origins: readonly string[]): PublicKey {
  if (algorithm === -7 && spki.length === 91) {
    return PublicKey.parse('webauthn-es256', spki.slice(26) as Bytes, rp, origins)
  }
  if (algorithm === -8 && spki.length === 44) {
    return PublicKey.parse('webauthn-ed25519', spki.slice(12) as Bytes, rp, origins)
  }
  throw new TrustError('key', `the passkey's algorithm ${algorithm} (${toB64u(spki.slice(0, 12))}) is not supported`)
}
