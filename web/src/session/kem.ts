// ML-KEM-768 (FIPS 203): native where the browser has it, else @noble/post-quantum.

import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'
import type { Bytes } from '../trust/bytes'
import { CIPHERTEXT_BYTES, ENCAPSULATION_KEY_BYTES } from './limits'

/** A key pair for one handshake. */
export interface KemPair {
  readonly publicKey: Bytes
  /** The shared secret. A ciphertext made for another key gives a secret that fits nothing (implicit rejection). */
  decapsulate(ciphertext: Bytes): Promise<Bytes>
}

/** The parts of WebCrypto's ML-KEM (WICG "Modern Algorithms in the Web Cryptography API") that are used here. */
interface KemCrypto {
  generateKey(algorithm: string, extractable: boolean, usages: string[]): Promise<CryptoKeyPair>
  exportKey(format: string, key: CryptoKey): Promise<ArrayBuffer>
  decapsulateBits(algorithm: string, key: CryptoKey, ciphertext: Bytes): Promise<ArrayBuffer>
}

const NAME = 'ML-KEM-768'

export async function generateKemPair(): Promise<KemPair> {
  return (await nativePair()) ?? portablePair()
}

/** `undefined` where the browser lacks ML-KEM, or knows only a part of it. */
async function nativePair(): Promise<KemPair | undefined> {
  const subtle = crypto.subtle as unknown as KemCrypto
  if (typeof subtle.decapsulateBits !== 'function') return undefined
  try {
    const pair = await subtle.generateKey(NAME, false, ['encapsulateBits', 'decapsulateBits'])
    const publicKey = new Uint8Array(await subtle.exportKey('raw-public', pair.publicKey))
    if (publicKey.length !== ENCAPSULATION_KEY_BYTES) return undefined
    return {
      publicKey,
      decapsulate: async (ciphertext) => new Uint8Array(await subtle.decapsulateBits(NAME, pair.privateKey, ciphertext)),
    }
  } catch {
    return undefined
  }
}

function portablePair(): KemPair {
  const { publicKey, secretKey } = ml_kem768.keygen()
  return kemPairOf(publicKey as Bytes, secretKey as Bytes)
}

/** The pair of an expanded decapsulation key (2,400 bytes), which is erased after its one use. */
export function kemPairOf(publicKey: Bytes, secretKey: Bytes): KemPair {
  return {
    publicKey,
    decapsulate: async (ciphertext) => {
      if (ciphertext.length !== CIPHERTEXT_BYTES) throw new RangeError('an ML-KEM-768 ciphertext has 1088 bytes')
      const secret = ml_kem768.decapsulate(ciphertext, secretKey)
      secretKey.fill(0)
      return secret as Bytes
    },
  }
}
