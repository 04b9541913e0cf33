// A secured channel: the sealed transport below, the lanes above. WebCrypto answers later; order holds all the same:
// counters are taken at the call, several calls run at once, and results are passed on in the order of the calls.

import type { Bytes } from '../trust/bytes'
import { ChannelError } from './error'
import { type Frame, type Stream, parseFrame, writeFrame } from './frame'
import {
  ARRIVING_BYTES_MAX,
  NOISE_MESSAGE_BYTES_MAX,
  SEALED_AT_ONCE_MAX,
  TAG_BYTES,
  TRANSPORT_BUFFER_BYTES_MAX,
} from './limits'
import { Mux, type Side } from './mux'
import type { Secured } from './noise'

/** Carries whole messages, in order: a WebSocket to the relay, or two ends in memory. */
export interface Transport {
  send(message: Bytes): void
  /** Bytes given to `send` that have not left yet. */
  readonly buffered: number
  close(): void
}

/** What a link tells its owner. */
export interface LinkOwner {
  /** A frame came: the next one in order. */
  onFrame(frame: Frame): void
  /** A full queue has room again. */
  onRoom(stream: Stream, id: number): void
  /** The channel is dead. */
  onError(error: ChannelError): void
}

/** How long to wait for a transport that is still busy, in milliseconds. */
const BUSY_MS = 4

const TAMPERED = 'a message does not open: it was changed, repeated, reordered, reflected or left out on the way'

export class Link {
  readonly mux: Mux
  readonly #secured: Secured
  readonly #transport: Transport
  readonly #owner: LinkOwner
  #arrived: Promise<void> = Promise.resolve()
  #left: Promise<void> = Promise.resolve()
  #arrivingBytes = 0
  #sealing = 0
  #isDeaf = false
  #isEnding = false
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(side: Side, secured: Secured, transport: Transport, owner: LinkOwner) {
    this.mux = new Mux(side)
    this.#secured = secured
    this.#transport = transport
    this.#owner = owner
  }

  /** Takes one sealed message. */
  arrive(sealed: Bytes): void {
    if (this.#isDeaf) return
    this.#arrivingBytes += sealed.length
    if (this.#arrivingBytes > ARRIVING_BYTES_MAX) {
      this.#fail(new ChannelError('arriving', 'more came than this side can open in time'))
      return
    }
    const opened = this.#open(sealed)
    opened.catch(() => undefined)
    this.#arrived = this.#arrived
      .then(() => opened)
      .then((frame) => {
        this.#arrivingBytes -= sealed.length
        if (!this.#isDeaf) this.#owner.onFrame(parseFrame(frame))
      })
      .catch((error: unknown) => this.#fail(error))
  }

  /** Sends what may be sent now. Call it after anything that changes the lanes. */
  pump(): void {
    while (this.#sealing < SEALED_AT_ONCE_MAX && this.#transport.buffered < TRANSPORT_BUFFER_BYTES_MAX) {
      const frame = this.mux.nextFrame()
      if (!frame) break
      this.#sealing++
      const sealed = this.#secured.sealer.seal(writeFrame(frame))
      sealed.catch(() => undefined)
      this.#left = this.#left
        .then(() => sealed)
        .then((message) => this.#leave(message))
        .catch((error: unknown) => this.#fail(error))
    }
    if (this.#transport.buffered >= TRANSPORT_BUFFER_BYTES_MAX) this.#pumpLater()
    for (let room = this.mux.laneWithRoom(); room; room = this.mux.laneWithRoom()) this.#owner.onRoom(room.stream, room.id)
  }

  /** Hears nothing more; sends what waits, then closes the transport. */
  end(): void {
    this.#isDeaf = true
    this.#isEnding = true
    this.pump()
    this.#closeWhenQuiet()
  }

  #leave(message: Bytes): void {
    this.#sealing--
    this.#transport.send(message)
    this.pump()
    this.#closeWhenQuiet()
  }

  #closeWhenQuiet(): void {
    if (!this.#isEnding || this.#sealing > 0 || this.#timer !== undefined) return
    this.#isEnding = false
    this.#transport.close()
  }

  async #open(sealed: Bytes): Promise<Bytes> {
    if (sealed.length < TAG_BYTES || sealed.length > NOISE_MESSAGE_BYTES_MAX) {
      throw new ChannelError('tampered', `a sealed message has ${TAG_BYTES} to ${NOISE_MESSAGE_BYTES_MAX} bytes`)
    }
    try {
      return await this.#secured.opener.open(sealed)
    } catch {
      throw new ChannelError('tampered', TAMPERED)
    }
  }

  #pumpLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.pump()
      this.#closeWhenQuiet()
    }, BUSY_MS)
  }

  #fail(error: unknown): void {
    if (this.#isDeaf) return
    this.#isDeaf = true
    this.#owner.onError(error instanceof ChannelError ? error : new ChannelError('message', String(error)))
  }
}
