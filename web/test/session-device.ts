// A device's end for tests of the channel: the other side of the handshake, and whatever a test makes it say.

import { type Bytes, type Hash, type KeyId, type OrgId, bytesOf, concat, toB64u } from '../src/trust/bytes'
import { encodeToTechnician, parseToDevice, type ToDevice, type ToTechnician } from '../src/session/control'
import type { ChannelError } from '../src/session/error'
import type { Frame, Stream } from '../src/session/frame'
import { Link, type LinkOwner, type Transport } from '../src/session/link'
import type { Whole } from '../src/session/mux'
import { type Binding, type NoiseKey, SUITE, type Secured, dh, prologueOf, pskOf } from '../src/session/noise'
import { Symmetric } from '../src/session/symmetric'
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js'

export const BINDING: Binding = {
  mode: 'enrolled',
  org: toB64u(new Uint8Array(32).fill(3)) as OrgId,
  device: toB64u(new Uint8Array(32).fill(4)) as KeyId,
}

/** An X25519 key from its 32 private bytes. */
export async function noiseKeyOf(privateBytes: Bytes, publicKey: Bytes): Promise<NoiseKey> {
  const jwk = { kty: 'OKP', crv: 'X25519', d: toB64u(privateBytes), x: toB64u(publicKey) }
  return { publicKey, privateKey: await crypto.subtle.importKey('jwk', jwk, 'X25519', false, ['deriveBits']) }
}

/** A device's answer to message 1. */
export async function answer(
  binding: Binding,
  key: NoiseKey,
  ephemeral: NoiseKey,
  message: Bytes,
  encapsulate = (ek: Bytes): { cipherText: Uint8Array; sharedSecret: Uint8Array } => ml_kem768.encapsulate(ek),
): Promise<{ answer: Bytes; secured: Secured; technician: Bytes }> {
  const state = await Symmetric.of(SUITE, prologueOf(binding))
  const theirs = message.slice(0, 32)
  await state.mixHash(key.publicKey)
  await state.mixHash(theirs)
  await state.mixKey(theirs)
  await state.mixKey(await dh(key, theirs))
  const technician = await state.openAndHash(message.slice(32, 80))
  await state.mixKey(await dh(key, technician))
  const ek = await state.openAndHash(message.slice(80))
  const { cipherText, sharedSecret } = encapsulate(ek)
  const psk = await pskOf(binding, new Uint8Array(sharedSecret), ek, new Uint8Array(cipherText))
  await state.mixHash(ephemeral.publicKey)
  await state.mixKey(ephemeral.publicKey)
  await state.mixKey(await dh(ephemeral, theirs))
  await state.mixKey(await dh(ephemeral, technician))
  await state.mixKeyAndHash(psk)
  const tag = await state.sealAndHash(new Uint8Array(0))
  const channel = toB64u(state.hash) as Hash
  const [opener, sealer] = await state.split()
  return { answer: concat(cipherText, ephemeral.publicKey, tag), secured: { channel, sealer, opener }, technician }
}

/** What stands between two ends: changes a message into those that arrive. */
export type Relay = (message: Bytes, at: number) => Bytes[]

const honest: Relay = (message) => [message]

/** A transport in memory: each message arrives later, in order. */
export class Line implements Transport {
  buffered = 0
  isClosed = false
  sent = 0
  constructor(
    private readonly arrive: (message: Bytes) => void,
    private readonly relay: Relay = honest,
  ) {}

  send(message: Bytes): void {
    this.buffered += message.length
    const at = this.sent++
    queueMicrotask(() => {
      this.buffered -= message.length
      for (const passed of this.relay(message, at)) this.arrive(passed)
    })
  }

  close(): void {
    this.isClosed = true
  }
}

export class Device implements LinkOwner {
  readonly control: ToDevice[] = []
  readonly messages: Whole[] = []
  error: ChannelError | undefined
  #link: Link | undefined
  #heard: (() => void)[] = []

  constructor(
    private readonly key: NoiseKey,
    private readonly ephemeral: NoiseKey,
    private readonly transport: Transport,
    private readonly binding: Binding = BINDING,
    /** Gives the credit of each message back as soon as it comes. */
    private readonly isPrompt = true,
  ) {}

  get channel(): Hash | undefined {
    return this.#secured?.channel
  }

  #secured: Secured | undefined

  async receive(bytes: Bytes): Promise<void> {
    if (this.#link) return this.#link.arrive(bytes)
    const made = await answer(this.binding, this.key, this.ephemeral, bytes)
    this.#secured = made.secured
    this.#link = new Link('device', made.secured, this.transport, this)
    this.transport.send(made.answer)
    this.#wake()
  }

  say(message: ToTechnician): void {
    this.send('control', 0, encodeToTechnician(message))
  }

  send(stream: Stream, id: number, bytes: Bytes, end = false): void {
    this.#link?.mux.send(stream, id, bytes, end)
    this.#link?.pump()
  }

  onFrame(frame: Frame): void {
    const whole = this.#link?.mux.take(frame)
    if (!whole) return
    if (whole.stream === 'control') this.#take(parseToDevice(whole.bytes))
    else {
      this.messages.push(whole)
      if (this.isPrompt) this.consumed(whole)
    }
    this.#wake()
  }

  consumed(whole: Whole): void {
    const back = this.#link?.mux.giveBack(whole.credit)
    if (back) this.say({ window: back })
  }

  onRoom(): void {}

  onError(error: ChannelError): void {
    this.error = error
    this.#wake()
  }

  /** Resolves once `holds`; it is asked again after each thing that comes. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((wake) => this.#heard.push(wake))
  }

  #take(message: ToDevice): void {
    this.control.push(message)
    if ('window' in message) this.#link?.mux.credited(message.window)
    this.#link?.pump()
  }

  #wake(): void {
    for (const wake of this.#heard.splice(0)) wake()
  }
}

export const HEAD: ToTechnician = {
  head: { size: 3, root: toB64u(new Uint8Array(32).fill(7)) as Hash, hostname: 'desk-7' },
}

export const OPENED: ToTechnician = {
  opened: { session: 'AQ', scopes: ['view'], bounds: { read_under: [], write_under: [] }, until: 1_800_000_000_000, attended: false, display: { state: 'ready' } },
}

export const bytesOfHash = (hash: Hash): Bytes => bytesOf(hash)
