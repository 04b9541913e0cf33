// The frame: what one Noise transport message carries. `stream (1) | id (2) | flags (1) | payload`.

import type { Bytes } from '../trust/bytes'
import { ChannelError } from './error'
import { DISPLAYS_MAX, FRAME_BYTES_MAX, FRAME_HEAD_BYTES } from './limits'

/** What a frame belongs to; its number on the wire is its place here. Number 7 is reserved for tunnels. */
export const STREAMS = ['control', 'screen', 'input', 'clipboard', 'chat', 'files', 'shell'] as const

export type Stream = (typeof STREAMS)[number]

/** All streams in the order in which waiting frames are sent. */
export const SENDING_ORDER: readonly Stream[] = ['control', 'input', 'screen', 'clipboard', 'chat', 'shell', 'files']

/** Whether each id is opened by the technician, has credit, and is ended by both sides. */
export const hasCredit = (stream: Stream): boolean => stream === 'files' || stream === 'shell'

export interface Frame {
  readonly stream: Stream
  /** Display, transfer or shell; 0 elsewhere. */
  readonly id: number
  /** The message goes on in the next frame of this stream and id. */
  readonly more: boolean
  /** The sender sends nothing more on this id (files and shell). */
  readonly end: boolean
  /** The message, or a piece of it. */
  readonly payload: Bytes
}

const MORE = 1
const END = 2

const refused = (why: string) => new ChannelError('frame', why)

function takesId(stream: Stream, id: number): boolean {
  if (stream === 'screen') return id < DISPLAYS_MAX
  return hasCredit(stream) || id === 0
}

/** Parses strictly; the payload is a view into `bytes`. */
export function parseFrame(bytes: Bytes): Frame {
  if (bytes.length > FRAME_BYTES_MAX) throw refused(`a frame has at most ${FRAME_BYTES_MAX} bytes, this one has ${bytes.length}`)
  const [number, high, low, flags] = bytes
  if (number === undefined || high === undefined || low === undefined || flags === undefined) {
    throw refused(`a frame has at least ${FRAME_HEAD_BYTES} bytes, this one has ${bytes.length}`)
  }
  const stream = STREAMS[number]
  if (!stream) throw refused(`no stream has the number ${number}`)
  const id = (high << 8) | low
  if (!takesId(stream, id)) throw refused(`the stream ${stream} has no id ${id}`)
  const [more, end] = [(flags & MORE) !== 0, (flags & END) !== 0]
  if ((flags & ~(MORE | END)) !== 0 || (more && end) || (end && !hasCredit(stream))) {
    throw refused(`the flags ${flags} mean nothing on the stream ${stream}`)
  }
  if (more && bytes.length === FRAME_HEAD_BYTES) throw refused(`an empty frame on the stream ${stream} says that more follows`)
  return { stream, id, more, end, payload: bytes.subarray(FRAME_HEAD_BYTES) }
}

/** The bytes of a frame. */
export function writeFrame({ stream, id, more, end, payload }: Frame): Bytes {
  const out = new Uint8Array(FRAME_HEAD_BYTES + payload.length)
  out[0] = STREAMS.indexOf(stream)
  out[1] = id >> 8
  out[2] = id & 255
  out[3] = (more ? MORE : 0) | (end ? END : 0)
  out.set(payload, FRAME_HEAD_BYTES)
  return out
}
