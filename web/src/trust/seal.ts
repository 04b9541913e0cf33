// Blobs that only one key can open: HPKE (RFC 9180), base mode, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM.
// A sealed blob is the 32-byte encapsulated key, then the ciphertext with its tag.

import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'

import { type Bytes, type OrgId, type WarrantId, type X25519Public, bytesOf, concat, fromUtf8, toB64u, utf8 } from './bytes'
import type { Envelope } from './envelope'
import { TrustError } from './error'
import { SEALED_BYTES_MAX, SEALED_RECEIPT_BYTES_MAX, SEALED_WARRANT_BYTES_MAX } from './limits'
import { isLine } from './text'

/** What a blob is for: each use has its own HPKE `info`, so that none can be passed off as another. */
export type Use = 'label' | 'directory' | 'receipt' | 'approval' | 'refusal'

const bytesMax = (use: Use): number =>
  use === 'approval' ? SEALED_WARRANT_BYTES_MAX : use === 'receipt' ? SEALED_RECEIPT_BYTES_MAX : SEALED_BYTES_MAX

const infoOf = (use: Use): Bytes => utf8(`wayleave/${use}/1`)

/** The private half of an X25519 key that blobs are sealed to, in WebCrypto. */
export interface OpeningKey {
  readonly public: X25519Public
  readonly pair: CryptoKeyPair
}

const PKCS8_X25519 = new Uint8Array([
  0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22, 0x04, 0x20,
])
const BASE_POINT = new Uint8Array([9, ...new Uint8Array(31)])

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })

const notOpened = () =>
  new TrustError('not_opened', 'the sealed text was made for another key or was altered')

const publicOf = async (key: CryptoKey): Promise<X25519Public> =>
  toB64u(new Uint8Array(await crypto.subtle.exportKey('raw', key))) as X25519Public

/** The opening key of 32 secret bytes; its private half cannot be exported. */
export async function openingKeyFromSecret(secret: Uint8Array): Promise<OpeningKey> {
  const algorithm = { name: 'X25519' }
  const pkcs8 = concat(PKCS8_X25519, secret)
  const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['deriveBits'])
  const base = await crypto.subtle.importKey('raw', BASE_POINT, algorithm, true, [])
  const bits = await crypto.subtle.deriveBits({ name: 'X25519', public: base }, privateKey, 256)
  const publicKey = await crypto.subtle.importKey('raw', bits, algorithm, true, [])
  return { public: await publicOf(publicKey), pair: { privateKey, publicKey } }
}

/** A fresh opening key; its private half cannot be exported. To be kept in IndexedDB. */
export async function generateOpeningKey(): Promise<OpeningKey> {
  const pair = (await crypto.subtle.generateKey({ name: 'X25519' }, false, ['deriveBits'])) as CryptoKeyPair
  return { public: await publicOf(pair.publicKey), pair }
}

/** Seals `plain` to `to`. */
export async function seal(to: X25519Public, use: Use, aad: Bytes, plain: Bytes): Promise<Bytes> {
  if (plain.length + 48 > bytesMax(use)) {
    throw new TrustError('too_long', `more than ${bytesMax(use)} bytes cannot be sealed for this use`)
  }
  try {
    const recipientPublicKey = await suite.kem.deserializePublicKey(bytesOf(to))
    const { enc, ct } = await suite.seal({ recipientPublicKey, info: infoOf(use) }, plain, aad)
    return concat(new Uint8Array(enc), new Uint8Array(ct))
  } catch {
    throw new TrustError('key', 'the key to seal to is not a valid x25519 key')
  }
}

/** Opens what was sealed to this key for this use. */
export async function open(key: OpeningKey, use: Use, aad: Bytes, sealed: Bytes): Promise<Bytes> {
  try {
    const context = { recipientKey: key.pair, enc: sealed.slice(0, 32), info: infoOf(use) }
    return new Uint8Array(await suite.open(context, sealed.slice(32), aad))
  } catch {
    throw notOpened()
  }
}

/** Seals a name or host name so that only members of the organisation read it. */
export const sealLabel = (org: OrgId, directory: X25519Public, label: string): Promise<Bytes> =>
  seal(directory, 'label', bytesOf(org), utf8(label))

/** Opens a label; a text that is not one line is refused. */
export async function openLabel(org: OrgId, directory: OpeningKey, label: Bytes): Promise<string> {
  return lineOf(await open(directory, 'label', bytesOf(org), label))
}

function lineOf(bytes: Bytes): string {
  const text = fromUtf8(bytes)
  if (text === undefined || !isLine(text)) throw notOpened()
  return text
}

const approvalAad = (org: OrgId, warrant: WarrantId): Bytes => concat(bytesOf(org), bytesOf(warrant))

/** Seals a warrant's envelope so that members of the organisation read it, and the service that hands it on does not. */
export const sealWarrant = (org: OrgId, directory: X25519Public, warrant: WarrantId, envelope: Envelope): Promise<Bytes> =>
  seal(directory, 'approval', approvalAad(org, warrant), envelope.bytes)

/** Opens a sealed warrant: the bytes of an envelope that nobody has verified. */
export const openWarrant = (org: OrgId, directory: OpeningKey, warrant: WarrantId, sealed: Bytes): Promise<Bytes> =>
  open(directory, 'approval', approvalAad(org, warrant), sealed)

/** Seals why somebody refuses to approve a warrant. */
export const sealRefusal = (org: OrgId, directory: X25519Public, warrant: WarrantId, why: string): Promise<Bytes> =>
  seal(directory, 'refusal', approvalAad(org, warrant), utf8(why))

/** Opens the reason of a refusal; a text that is not one line is refused. */
export async function openRefusal(org: OrgId, directory: OpeningKey, warrant: WarrantId, sealed: Bytes): Promise<string> {
  return lineOf(await open(directory, 'refusal', approvalAad(org, warrant), sealed))
}

/** Seals the directory's 32 secret bytes to a member. */
export const sealDirectory = (org: OrgId, member: X25519Public, secret: Bytes): Promise<Bytes> =>
  seal(member, 'directory', bytesOf(org), secret)

/** Opens the directory key that was sealed to this member. */
export async function openDirectory(org: OrgId, member: OpeningKey, sealed: Bytes): Promise<Bytes> {
  const secret = await open(member, 'directory', bytesOf(org), sealed)
  if (secret.length !== 32) throw notOpened()
  return secret
}
