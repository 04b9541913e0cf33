// Noise's SymmetricState and CipherState over native WebCrypto: SHA-256, HMAC, AES-256-GCM
// (Noise Protocol Framework, revision 34, sections 5.1 and 5.2).

import { type Bytes, concat, utf8 } from '../trust/bytes'
import { TAG_BYTES } from './limits'

const EMPTY = new Uint8Array(0)
const subtle = crypto.subtle

export async function sha256(...parts: Uint8Array[]): Promise<Bytes> {
  return new Uint8Array(await subtle.digest('SHA-256', concat(...parts)))
}

async function hmac(key: Bytes, data: Bytes): Promise<Bytes> {
  const imported = await subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  return new Uint8Array(await subtle.sign('HMAC', imported, data))
}

/** Noise's HKDF (section 4.3): two or three outputs of 32 bytes. */
async function hkdf<N extends 2 | 3>(ck: Bytes, input: Bytes, outputs: N): Promise<Bytes[]> {
  const temp = await hmac(ck, input)
  const out: Bytes[] = []
  for (let n = 1; n <= outputs; n++) out.push(await hmac(temp, concat(out.at(-1) ?? EMPTY, Uint8Array.of(n))))
  temp.fill(0)
  return out
}

/** Four zero bytes, then the counter, big endian (section 12.4). */
function nonceOf(counter: number): Bytes {
  const nonce = new Uint8Array(12)
  const view = new DataView(nonce.buffer)
  view.setUint32(4, Math.floor(counter / 0x1_0000_0000))
  view.setUint32(8, counter % 0x1_0000_0000)
  return nonce
}

/** One direction's key and counter. A call takes its counter at once, so several may run and their order still holds. */
export class Cipher {
  readonly #key: CryptoKey
  #counter = 0

  private constructor(key: CryptoKey) {
    this.#key = key
  }

  /** Takes the raw key and erases it. */
  static async of(raw: Bytes): Promise<Cipher> {
    const key = await subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt', 'decrypt'])
    raw.fill(0)
    return new Cipher(key)
  }

  async seal(plain: Bytes, additionalData: Bytes = EMPTY): Promise<Bytes> {
    return new Uint8Array(await subtle.encrypt(this.#parameters(additionalData), this.#key, plain))
  }

  /** Rejects unless `sealed` is the next message of this direction, unchanged. */
  async open(sealed: Bytes, additionalData: Bytes = EMPTY): Promise<Bytes> {
    const parameters = this.#parameters(additionalData)
    if (sealed.length < TAG_BYTES) throw new RangeError('a sealed message has at least 16 bytes')
    return new Uint8Array(await subtle.decrypt(parameters, this.#key, sealed))
  }

  #parameters(additionalData: Bytes): AesGcmParams {
    const iv = nonceOf(this.#counter++)
    return { name: 'AES-GCM', iv, additionalData, tagLength: 8 * TAG_BYTES }
  }
}

/** The running hash, chaining key and cipher of a handshake. */
export class Symmetric {
  #hash: Bytes
  #chain: Bytes
  #cipher: Cipher | undefined

  private constructor(start: Bytes) {
    this.#hash = start
    this.#chain = start
  }

  static async of(suite: string, prologue: Bytes): Promise<Symmetric> {
    const name = utf8(suite)
    const start = new Uint8Array(32)
    if (name.length > 32) throw new RangeError('the suite has a name of at most 32 bytes')
    start.set(name)
    const symmetric = new Symmetric(start)
    await symmetric.mixHash(prologue)
    return symmetric
  }

  get hash(): Bytes {
    return this.#hash
  }

  async mixHash(data: Bytes): Promise<void> {
    this.#hash = await sha256(this.#hash, data)
  }

  async mixKey(input: Bytes): Promise<void> {
    const [chain, key] = (await hkdf(this.#chain, input, 2)) as [Bytes, Bytes]
    this.#chain = chain
    this.#cipher = await Cipher.of(key)
  }

  async mixKeyAndHash(input: Bytes): Promise<void> {
    const [chain, hashed, key] = (await hkdf(this.#chain, input, 3)) as [Bytes, Bytes, Bytes]
    this.#chain = chain
    await this.mixHash(hashed)
    this.#cipher = await Cipher.of(key)
  }

  async sealAndHash(plain: Bytes): Promise<Bytes> {
    const sealed = await this.#keyed().seal(plain, this.#hash)
    await this.mixHash(sealed)
    return sealed
  }

  async openAndHash(sealed: Bytes): Promise<Bytes> {
    const plain = await this.#keyed().open(sealed, this.#hash)
    await this.mixHash(sealed)
    return plain
  }

  /** The two directions after the last message: initiator's first. */
  async split(): Promise<[Cipher, Cipher]> {
    const [first, second] = (await hkdf(this.#chain, EMPTY, 2)) as [Bytes, Bytes]
    this.#chain.fill(0)
    return [await Cipher.of(first), await Cipher.of(second)]
  }

  #keyed(): Cipher {
    if (!this.#cipher) throw new Error('no key was mixed in yet')
    return this.#cipher
  }
}
