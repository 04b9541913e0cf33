// The technician's end of a channel. No DOM: it runs in a worker and in tests, over any transport.
//
//   const channel = await Channel.call({ binding, key, device, transport, onEvent })
//   socket.onmessage = ({ data }) => channel.receive(new Uint8Array(data))
//   socket.onclose = () => channel.lost()
//
//   secured, head -> revocations(..), open(warrant) -> asking, opened -> send(..), message .. -> over
//
// Events come in order; `over` is the last one, and comes exactly once. A message of files or shell carries `credit`:
// give it to `consumed` when the message has taken effect, or the device stops sending.

import type { Bytes, Hash } from '../trust/bytes'
import { type Chat, parseChat } from './chat'
import { type Clipboard, parseClipboard } from './clipboard'
import { type Head, type Opened, type ReceiptHead, type ToDevice, encodeToDevice, parseToTechnician } from './control'
import { ChannelError, type End, SendError } from './error'
import { type FilesReply, parseFilesReply } from './files'
import type { Frame, Stream } from './frame'
import { ASKING_MS_MAX, HANDSHAKE_MS_MAX, JUDGE_MS_MAX, REVOCATIONS_PER_CHANNEL_MAX, REVOCATIONS_PER_MESSAGE_MAX } from './limits'
import { Link, type LinkOwner, type Transport } from './link'
import type { Piece } from './messages'
import type { Credit, Whole } from './mux'
import { type Binding, type Initiator, type NoiseKey, initiate } from './noise'
import { type ShellReply, parseShellReply } from './shell'

/** A message of an open session. */
export type Incoming =
  | { readonly stream: 'screen'; readonly message: Bytes }
  | { readonly stream: 'clipboard'; readonly message: Clipboard }
  | { readonly stream: 'chat'; readonly message: Chat }
  | { readonly stream: 'files'; readonly message: Piece<FilesReply> }
  | { readonly stream: 'shell'; readonly message: Piece<ShellReply> }

export type ChannelEvent =
  /** The handshake is done: this is the device whose key the ledger gives. */
  | { readonly kind: 'secured'; readonly channel: Hash }
  /** How far the device has read: send it what it lacks, then `open`. */
  | { readonly kind: 'head'; readonly head: Head }
  /** Revocations that the device knows: envelopes, not yet verified. */
  | { readonly kind: 'revocations'; readonly envelopes: readonly string[] }
  /** The person at the machine is being asked until then. */
  | { readonly kind: 'asking'; readonly until: number }
  /** The device judged: yes. */
  | { readonly kind: 'opened'; readonly opened: Opened }
  /** The session stands still: nothing comes, and what is sent waits or is dropped, until `resumed` or `over`. */
  | { readonly kind: 'paused'; readonly code: string; readonly text: string }
  /** The session goes on. */
  | { readonly kind: 'resumed' }
  /** `id` is the display, transfer or shell; `end` says that the device sends nothing more on it. */
  | ({ readonly kind: 'message'; readonly id: number; readonly end: boolean; readonly credit: Credit } & Incoming)
  /** The answer to `ping`. */
  | { readonly kind: 'pong'; readonly nonce: number }
  /** An id that refused a message for a full queue has room again. */
  | { readonly kind: 'room'; readonly stream: Stream; readonly id: number }
  /** The last event. */
  | { readonly kind: 'over'; readonly end: End }

export interface Call {
  readonly binding: Binding
  /** The key that the warrant names. */
  readonly key: NoiseKey
  /** The device's noise key, as the ledger gives it. */
  readonly device: Bytes
  readonly transport: Transport
  onEvent(event: ChannelEvent): void
}

type State = 'handshake' | 'secured' | 'greeted' | 'asked' | 'open' | 'over'

const EMPTY = {}

export class Channel implements LinkOwner {
  readonly #call: Call
  readonly #initiator: Initiator
  readonly #early: Bytes[] = []
  #link: Link | undefined
  #state: State = 'handshake'
  #revocationsTaken = 0
  #deadline: ReturnType<typeof setTimeout> | undefined

  private constructor(call: Call, initiator: Initiator) {
    this.#call = call
    this.#initiator = initiator
    this.#expect(HANDSHAKE_MS_MAX, "the device's handshake answer")
  }

  /** Starts the handshake. The transport must be open; rejects for a device key that is none. */
  static async call(call: Call): Promise<Channel> {
    const initiator = await initiate(call.binding, call.key, call.device)
    const channel = new Channel(call, initiator)
    call.transport.send(initiator.message)
    return channel
  }

  get isOver(): boolean {
    return this.#state === 'over'
  }

  /** Takes one message of the transport. */
  receive(bytes: Bytes): void {
    if (this.isOver) return
    if (this.#link) return this.#link.arrive(bytes)
    if (this.#early.push(bytes) === 1) void this.#shake(bytes)
    else if (this.#early.length > 16) this.onError(new ChannelError('arriving', 'more came than a handshake has'))
  }

  /** The transport is gone. */
  lost(): void {
    this.#told({ how: 'failed', error: new ChannelError('lost', 'The connection to the device was lost.') })
  }

  /** Sends revocations that the device may lack; possible after `head`. */
  revocations(envelopes: readonly string[]): void {
    if (this.#state === 'handshake' || this.#state === 'secured') throw noSession()
    for (let at = 0; at < envelopes.length; at += REVOCATIONS_PER_MESSAGE_MAX) {
      this.#control({ revocations: { envelopes: envelopes.slice(at, at + REVOCATIONS_PER_MESSAGE_MAX) } })
    }
  }

  /**
   * Asks for the session: the warrant's envelope, verbatim, and witnesses' counts of it where a policy asks for them. Possible
   * once, after `head`.
   */
  open(warrant: string, counts: readonly string[] = [], seenReceipt?: ReceiptHead): void {
    if (this.#state !== 'greeted') throw noSession()
    this.#control({ open: { warrant, counts: counts.length > 0 ? [...counts] : undefined, seen_receipt: seenReceipt } })
    this.#state = 'asked'
    this.#expect(2 * JUDGE_MS_MAX, "the device's verdict")
  }

  /** Queues a message of an open session; `end` says it is the last one on this id (files and shell). Throws {@link SendError}. */
  send(stream: Exclude<Stream, 'control'>, id: number, message: Bytes, end = false): void {
    if (this.#state !== 'open' || !this.#link) throw noSession()
    this.#link.mux.send(stream, id, message, end)
    this.#link.pump()
  }

  /** The id for the next transfer or shell; the first message sent under it opens it. */
  nextId(stream: 'files' | 'shell'): number {
    return this.#link?.mux.nextId(stream) ?? 1
  }

  /** How many bytes an id takes now. After 0, the event `room` tells when there is room. */
  room(stream: Stream, id: number): number {
    return this.#state === 'open' && this.#link ? this.#link.mux.room(stream, id) : 0
  }

  /** A message was consumed: its credit goes back to the device. */
  consumed(credit: Credit): void {
    const back = this.#state === 'open' ? this.#link?.mux.giveBack(credit) : undefined
    if (back) this.#control({ window: back })
  }

  /** Asks the device for `pong`: the round trip through both programs. */
  ping(nonce: number): void {
    this.#control({ ping: { nonce } })
  }

  /** The technician ends the session. What waited is dropped. */
  bye(): void {
    this.#finish({ how: 'bye' })
  }

  onFrame(frame: Frame): void {
    if (this.#state !== 'open' && frame.stream !== 'control') {
      throw new ChannelError('early', `a frame of the stream ${frame.stream} came before the session was open`)
    }
    const whole = this.#link?.mux.take(frame)
    if (!whole) return
    if (whole.stream === 'control') this.#take(whole.bytes)
    else this.#tell({ kind: 'message', id: whole.id, end: whole.end, credit: whole.credit, ...parse(whole) })
    this.#link?.pump()
  }

  onRoom(stream: Stream, id: number): void {
    if (!this.isOver) this.#tell({ kind: 'room', stream, id })
  }

  onError(error: ChannelError): void {
    this.#finish({ how: 'failed', error })
  }

  async #shake(answer: Bytes): Promise<void> {
    try {
      const secured = await this.#initiator.finish(answer)
      if (this.isOver) return
      this.#link = new Link('technician', secured, this.#call.transport, this)
      this.#state = 'secured'
      this.#expect(HANDSHAKE_MS_MAX, "the device's greeting")
      this.#tell({ kind: 'secured', channel: secured.channel })
      for (const bytes of this.#early.splice(0).slice(1)) this.#link.arrive(bytes)
    } catch (error) {
      this.onError(error instanceof ChannelError ? error : new ChannelError('handshake', String(error)))
    }
  }

  #take(bytes: Bytes): void {
    const message = parseToTechnician(bytes)
    const state = this.#state
    if ('closed' in message) this.#told({ how: 'closed', ...message.closed })
    else if ('pong' in message) this.#tell({ kind: 'pong', nonce: message.pong.nonce })
    else if ('head' in message && state === 'secured') this.#enter('greeted', { kind: 'head', head: message.head })
    else if ('revocations' in message && state !== 'secured') this.#takeRevocations(message.revocations.envelopes)
    else if ('asking' in message && state === 'asked') this.#ask(message.asking.until)
    else if ('opened' in message && state === 'asked') this.#enter('open', { kind: 'opened', opened: message.opened })
    else if ('refused' in message && state === 'asked') this.#told({ how: 'refused', ...message.refused })
    else if ('paused' in message && state === 'open') this.#tell({ kind: 'paused', ...message.paused })
    else if ('resumed' in message && state === 'open') this.#tell({ kind: 'resumed' })
    else if ('window' in message && state === 'open') this.#link?.mux.credited(message.window)
    else throw new ChannelError('unexpected', `the message "${Object.keys(message)[0]}" does not belong here`)
  }

  #enter(state: State, event: ChannelEvent): void {
    this.#state = state
    clearTimeout(this.#deadline)
    this.#tell(event)
  }

  #ask(until: number): void {
    const ms = Math.min(ASKING_MS_MAX, Math.max(0, until - Date.now()))
    this.#expect(ms + 2 * JUDGE_MS_MAX, "the device's verdict")
    this.#tell({ kind: 'asking', until })
  }

  #takeRevocations(envelopes: readonly string[]): void {
    this.#revocationsTaken += envelopes.length
    if (this.#revocationsTaken > REVOCATIONS_PER_CHANNEL_MAX) {
      throw new ChannelError('revocations', 'more revocations came than one channel takes')
    }
    this.#tell({ kind: 'revocations', envelopes })
  }

  #control(message: ToDevice): void {
    if (this.isOver || !this.#link) throw noSession()
    this.#link.mux.send('control', 0, encodeToDevice(message), false)
    this.#link.pump()
  }

  /** Drops what waits, says goodbye where there is somebody to say it to, and ends. */
  #finish(end: End): void {
    if (this.isOver) return
    this.#link?.mux.dropAll()
    if (this.#link) this.#control({ bye: EMPTY })
    this.#over(end)
  }

  /** The device had the last word: nothing is sent any more. */
  #told(end: End): void {
    this.#link?.mux.dropAll()
    this.#over(end)
  }

  #over(end: End): void {
    if (this.isOver) return
    this.#state = 'over'
    clearTimeout(this.#deadline)
    if (this.#link) this.#link.end()
    else this.#call.transport.close()
    this.#tell({ kind: 'over', end })
  }

  #expect(ms: number, what: string): void {
    clearTimeout(this.#deadline)
    this.#deadline = setTimeout(() => this.onError(new ChannelError('late', `${what} took too long`)), ms)
  }

  #tell(event: ChannelEvent): void {
    this.#call.onEvent(event)
  }
}

function parse({ stream, bytes }: Whole): Incoming {
  switch (stream) {
    case 'screen':
      return { stream, message: bytes }
    case 'clipboard':
      return { stream, message: parseClipboard(bytes) }
    case 'chat':
      return { stream, message: parseChat(bytes) }
    case 'files':
      return { stream, message: parseFilesReply(bytes) }
    case 'shell':
      return { stream, message: parseShellReply(bytes) }
    default:
      throw new ChannelError('message', 'a device has no keys to press')
  }
}

const noSession = () => new SendError('no_session', 'the session is not open')
