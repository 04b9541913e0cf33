// The technician's side of the handshake `Noise_IKpsk2_25519_AESGCM_SHA256` with ML-KEM-768.
//
//   technician -> device   Noise message 1, payload = encapsulation key ek
//   device -> technician   ct in clear || Noise message 2, empty payload
//   psk2 = SHA-256("wayleave/psk2/1" || [pake key] || ss || ek || ct)

import { type Bytes, type Hash, type KeyId, type OrgId, bytesOf, concat, toB64u, utf8 } from '../trust/bytes'
import { ChannelError } from './error'
import { type KemPair, generateKemPair } from './kem'
import { CIPHERTEXT_BYTES, MESSAGE_2_BYTES } from './limits'
import { type Cipher, Symmetric, sha256 } from './symmetric'

/** The one suite. */
export const SUITE = 'Noise_IKpsk2_25519_AESGCM_SHA256'

const subtle = crypto.subtle
const X25519 = 'X25519'

/** A static or ephemeral key whose private half never leaves WebCrypto. It may be kept in IndexedDB. */
export interface NoiseKey {
  readonly publicKey: Bytes
  readonly privateKey: CryptoKey
}

/** A fresh key, for one warrant: not extractable. */
export async function generateNoiseKey(): Promise<NoiseKey> {
  const pair = (await subtle.generateKey(X25519, false, ['deriveBits'])) as CryptoKeyPair
  return { publicKey: new Uint8Array(await subtle.exportKey('raw', pair.publicKey)), privateKey: pair.privateKey }
}

/** What both sides must agree on before a byte passes. */
export interface Binding {
  /** Enrolled: the device's key comes from the ledger. Joined: from a join code, whose PAKE gave this key. */
  readonly mode: 'enrolled' | { readonly pakeKey: Bytes }
  readonly org: OrgId
  /** The device's signature key. */
  readonly device: KeyId
}

/** A finished handshake. */
export interface Secured {
  /** Noise's handshake hash after message 2: names this channel in receipts. */
  readonly channel: Hash
  readonly sealer: Cipher
  readonly opener: Cipher
}

/** The technician's side between message 1 and the answer. */
export interface Initiator {
  readonly message: Bytes
  finish(answer: Bytes): Promise<Secured>
}

/** Makes message 1 for the device whose noise key the ledger gives. */
export async function initiate(binding: Binding, key: NoiseKey, device: Bytes): Promise<Initiator> {
  const [ephemeral, kem] = await Promise.all([generateNoiseKey(), generateKemPair()])
  return initiateWith(binding, key, device, ephemeral, kem)
}

/** As {@link initiate}, with the fresh keys given: for test vectors. */
export async function initiateWith(
  binding: Binding,
  key: NoiseKey,
  device: Bytes,
  ephemeral: NoiseKey,
  kem: KemPair,
): Promise<Initiator> {
  const state = await Symmetric.of(SUITE, prologueOf(binding))
  await state.mixHash(device)
  await state.mixHash(ephemeral.publicKey)
  await state.mixKey(ephemeral.publicKey)
  await state.mixKey(await dh(ephemeral, device))
  const sealedKey = await state.sealAndHash(key.publicKey)
  await state.mixKey(await dh(key, device))
  const payload = await state.sealAndHash(kem.publicKey)
  return {
    message: concat(ephemeral.publicKey, sealedKey, payload),
    finish: (answer) => finish(binding, state, key, ephemeral, kem, answer),
  }
}

async function finish(
  binding: Binding,
  state: Symmetric,
  key: NoiseKey,
  ephemeral: NoiseKey,
  kem: KemPair,
  answer: Bytes,
): Promise<Secured> {
  if (answer.length !== MESSAGE_2_BYTES) {
    throw failed(`the device's handshake answer has ${MESSAGE_2_BYTES} bytes, this one has ${answer.length}`)
  }
  const ciphertext = answer.slice(0, CIPHERTEXT_BYTES)
  const theirs = answer.slice(CIPHERTEXT_BYTES, CIPHERTEXT_BYTES + 32)
  const psk = await pskOf(binding, await kem.decapsulate(ciphertext), kem.publicKey, ciphertext)
  await state.mixHash(theirs)
  await state.mixKey(theirs)
  await state.mixKey(await dh(ephemeral, theirs))
  await state.mixKey(await dh(key, theirs))
  await state.mixKeyAndHash(psk)
  psk.fill(0)
  try {
    await state.openAndHash(answer.slice(CIPHERTEXT_BYTES + 32))
  } catch {
    throw failed(
      "the device's handshake answer does not open: it is not from this device, not for this attempt, or changed on the way",
    )
  }
  const channel = toB64u(state.hash) as Hash
  const [sealer, opener] = await state.split()
  return { channel, sealer, opener }
}

/** Protocol version, mode, organisation, device. */
export function prologueOf({ mode, org, device }: Binding): Bytes {
  return concat(utf8('wayleave/channel/1'), Uint8Array.of(mode === 'enrolled' ? 1 : 2), bytesOf(org), bytesOf(device))
}

/** The psk of a handshake; the shared secret is erased. */
export async function pskOf({ mode }: Binding, secret: Bytes, ek: Bytes, ct: Bytes): Promise<Bytes> {
  const pakeKey = mode === 'enrolled' ? new Uint8Array(0) : mode.pakeKey
  const psk = await sha256(utf8('wayleave/psk2/1'), pakeKey, secret, ek, ct)
  secret.fill(0)
  return psk
}

/** X25519; refuses a public key of small order. */
export async function dh(key: NoiseKey, theirs: Bytes): Promise<Bytes> {
  try {
    const publicKey = await subtle.importKey('raw', theirs, X25519, false, [])
    const secret = new Uint8Array(await subtle.deriveBits({ name: X25519, public: publicKey }, key.privateKey, 256))
    if (secret.some((byte) => byte !== 0)) return secret
  } catch {
    // the engine refuses such a key itself
  }
  throw failed("the other side's public key is of small order")
}

const failed = (why: string) => new ChannelError('handshake', why)
