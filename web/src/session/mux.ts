// Many streams over one order of frames: messages are put together on arrival and cut on sending.
// A lane is one stream and id; `crates/wire/src/mux.rs` states the rules.

import { type Bytes, concat } from '../trust/bytes'
import { ChannelError, SendError } from './error'
import { type Frame, SENDING_ORDER, type Stream, hasCredit } from './frame'
import {
  FRAME_CUT_BYTES,
  FRAME_HEAD_BYTES,
  LIVE_IDS_MAX,
  MESSAGE_BYTES_MAX,
  QUEUE_BYTES_MAX,
  QUEUE_MESSAGES_MAX,
  WINDOW_BYTES,
  windowReportBytes,
} from './limits'

export type Side = 'technician' | 'device'

/** Credit that the peer spent on one message; give it back when the message has been consumed, not when it arrived. */
export interface Credit {
  readonly stream: Stream
  readonly id: number
  readonly bytes: number
}

/** A whole message as it came, not yet parsed. */
export interface Whole {
  readonly stream: Stream
  readonly id: number
  /** The peer sends nothing more on this id. */
  readonly end: boolean
  readonly bytes: Bytes
  readonly credit: Credit
}

class Lane {
  readonly waiting: { bytes: Bytes; sent: number; end: boolean }[] = []
  waitingBytes = 0
  credit: number
  ending = false
  ended = false
  wantsRoom = false

  pieces: Bytes[] = []
  piecesBytes = 0
  piecesCredit = 0
  peerCredit: number
  consumed = 0
  peerEnded = false

  constructor(stream: Stream) {
    this.credit = this.peerCredit = WINDOW_BYTES[stream]
  }
}

const broken = (why: string) => new ChannelError('mux', why)

export class Mux {
  readonly #side: Side
  readonly #lanes = new Map<Stream, Map<number, Lane>>(SENDING_ORDER.map((stream) => [stream, new Map()]))
  readonly #openedLast = new Map<Stream, number>()
  readonly #servedLast = new Map<Stream, number>()

  constructor(side: Side) {
    this.#side = side
  }

  /** The id for the technician's next transfer or shell. */
  nextId(stream: Stream): number {
    return ((this.#openedLast.get(stream) ?? 0) + 1) & 0xffff
  }

  /** Forgets all that waits, both ways. */
  dropAll(): void {
    for (const lanes of this.#lanes.values()) lanes.clear()
  }

  /** Takes one frame; gives the message it completes. */
  take({ stream, id, more, end, payload }: Frame): Whole | undefined {
    const lane = this.#lane(stream, id, this.#side === 'device' ? 'technician' : 'device')
    if (!lane) throw broken(`nothing is open on the stream ${stream} under the id ${id}`)
    if (lane.peerEnded) throw broken(`a frame came after the end of id ${id} on the stream ${stream}`)
    if (hasCredit(stream)) {
      const cost = payload.length + FRAME_HEAD_BYTES
      if (cost > lane.peerCredit) throw broken(`more came on id ${id} of the stream ${stream} than it has credit for`)
      lane.peerCredit -= cost
      lane.piecesCredit += cost
    }
    lane.piecesBytes += payload.length
    if (lane.piecesBytes > MESSAGE_BYTES_MAX[stream]) {
      throw broken(`a message on the stream ${stream} grew beyond ${MESSAGE_BYTES_MAX[stream]} bytes`)
    }
    lane.pieces.push(payload)
    if (more) return undefined
    const bytes = lane.pieces.length === 1 ? payload : concat(...lane.pieces)
    const credit = { stream, id, bytes: lane.piecesCredit }
    lane.pieces = []
    lane.piecesBytes = lane.piecesCredit = 0
    lane.peerEnded = end
    this.#removeIfOver(stream, id, lane)
    return { stream, id, end, bytes, credit }
  }

  /** A consumed message's credit goes back to the peer. Gives what is to be announced, once it is worth a message. */
  giveBack({ stream, id, bytes }: Credit): Credit | undefined {
    const lane = this.#lanes.get(stream)?.get(id)
    if (!lane || !hasCredit(stream)) return undefined
    lane.consumed += bytes
    if (lane.peerEnded || lane.consumed < windowReportBytes(stream)) return undefined
    const back = { stream, id, bytes: lane.consumed }
    lane.peerCredit = Math.min(WINDOW_BYTES[stream], lane.peerCredit + lane.consumed)
    lane.consumed = 0
    return back
  }

  /** The peer gave credit. An id that is gone is no error: the message crossed an END. */
  credited({ stream, id, bytes }: Credit): void {
    if (!hasCredit(stream)) throw broken(`the stream ${stream} has no credit to give`)
    const lane = this.#lanes.get(stream)?.get(id)
    if (lane) lane.credit = Math.min(WINDOW_BYTES[stream], lane.credit + bytes)
  }

  /** Queues a whole message. */
  send(stream: Stream, id: number, bytes: Bytes, end: boolean): void {
    if (bytes.length > MESSAGE_BYTES_MAX[stream]) {
      throw new SendError('too_long', `a message on the stream ${stream} has at most ${MESSAGE_BYTES_MAX[stream]} bytes`)
    }
    const lane = this.#lane(stream, id, this.#side)
    if (!lane || lane.ending) throw new SendError('not_open', `id ${id} of the stream ${stream} is not open for sending`)
    const isFull = lane.waitingBytes + bytes.length > QUEUE_BYTES_MAX[stream] || lane.waiting.length >= QUEUE_MESSAGES_MAX
    if (isFull) {
      lane.wantsRoom = true
      throw new SendError('full', `the queue of id ${id} on the stream ${stream} is full`)
    }
    lane.ending = end
    lane.waitingBytes += bytes.length
    lane.waiting.push({ bytes, sent: 0, end })
  }

  /** How many bytes {@link send} takes now; after 0, or after a refusal, {@link laneWithRoom} tells. */
  room(stream: Stream, id: number): number {
    const lane = this.#lanes.get(stream)?.get(id)
    if (!lane) return QUEUE_BYTES_MAX[stream]
    if (lane.ending) return 0
    const room = QUEUE_BYTES_MAX[stream] - lane.waitingBytes
    lane.wantsRoom ||= room <= 0
    return Math.max(0, room)
  }

  /** A lane on which the program met a full queue and that has drained to a half since; each is told once. */
  laneWithRoom(): { stream: Stream; id: number } | undefined {
    for (const [stream, lanes] of this.#lanes) {
      for (const [id, lane] of lanes) {
        const isHalfEmpty =
          lane.waitingBytes <= QUEUE_BYTES_MAX[stream] / 2 && lane.waiting.length <= QUEUE_MESSAGES_MAX / 2
        if (!lane.wantsRoom || !isHalfEmpty) continue
        lane.wantsRoom = false
        return { stream, id }
      }
    }
    return undefined
  }

  /** The next frame that may be sent: the highest stream first, lanes of one stream in turns. */
  nextFrame(): Frame | undefined {
    for (const stream of SENDING_ORDER) {
      const id = this.#turn(stream)
      if (id !== undefined) return this.#cut(stream, id)
    }
    return undefined
  }

  #turn(stream: Stream): number | undefined {
    const last = this.#servedLast.get(stream) ?? 0
    let first: number | undefined
    let next: number | undefined
    for (const [id, lane] of this.#lanes.get(stream) ?? []) {
      if (!canSend(lane, stream)) continue
      if (first === undefined || id < first) first = id
      if (id > last && (next === undefined || id < next)) next = id
    }
    return next ?? first
  }

  #cut(stream: Stream, id: number): Frame | undefined {
    const lane = this.#lanes.get(stream)?.get(id)
    const front = lane?.waiting[0]
    if (!lane || !front) return undefined
    const piece = pieceBytes(front)
    const payload = front.bytes.subarray(front.sent, front.sent + piece)
    front.sent += piece
    lane.waitingBytes -= piece
    if (hasCredit(stream)) lane.credit -= piece + FRAME_HEAD_BYTES
    const more = front.sent < front.bytes.length
    const end = front.end && !more
    if (!more) lane.waiting.shift()
    lane.ended = end
    this.#servedLast.set(stream, id)
    this.#removeIfOver(stream, id, lane)
    return { stream, id, more, end, payload }
  }

  /** The lane of an id, opened if this stream has no credit or if the opener may open it now. */
  #lane(stream: Stream, id: number, by: Side): Lane | undefined {
    const lanes = this.#lanes.get(stream)
    const known = lanes?.get(id)
    if (known || !lanes) return known
    if (hasCredit(stream)) {
      const ahead = (id - (this.#openedLast.get(stream) ?? 0)) & 0xffff
      if (by !== 'technician' || ahead === 0 || ahead > 0x7fff) return undefined
      if (lanes.size >= LIVE_IDS_MAX) {
        const why = `more than ${LIVE_IDS_MAX} live ids on the stream ${stream}`
        throw by === this.#side ? new SendError('too_many_ids', why) : broken(why)
      }
      this.#openedLast.set(stream, id)
    }
    const lane = new Lane(stream)
    lanes.set(id, lane)
    return lane
  }

  #removeIfOver(stream: Stream, id: number, lane: Lane): void {
    if (lane.ended && lane.peerEnded) this.#lanes.get(stream)?.delete(id)
  }
}

const pieceBytes = (front: { bytes: Bytes; sent: number }): number =>
  Math.min(FRAME_CUT_BYTES, front.bytes.length - front.sent)

function canSend(lane: Lane, stream: Stream): boolean {
  const front = lane.waiting[0]
  if (!front) return false
  return !hasCredit(stream) || lane.credit >= pieceBytes(front) + FRAME_HEAD_BYTES
}
