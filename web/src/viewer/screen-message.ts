/**
 * The messages of the screen stream. Their layout is described in `crates/screen/src/message.rs`;
 * the parser is as strict as the one there, because the device may be hostile.
 */

import {
  CURSOR_SIDE_MAX,
  DISPLAY_PIXELS_MAX,
  DISPLAY_SIDE_MAX,
  MESSAGE_BYTES_MAX,
  OUTPUTS_MAX,
  OUTPUT_NAME_BYTES_MAX,
  RECTS_PER_MESSAGE_MAX,
  SCALE_PERCENT_MAX,
  SCALE_PERCENT_MIN,
  VERSION,
  VIDEO_STREAMS_MAX,
  WINDOW_LOG_MAX,
  WINDOW_LOG_MIN,
} from './limits'
import { fits, type Rect } from './rect'

/** One monitor. Its name is words of the device, not trusted. */
export interface Output {
  readonly rect: Rect
  readonly primary: boolean
  readonly name: string
}

/** The shape of the pointer: pixels R G B A, alpha not multiplied; 0 x 0 is hidden. */
export interface CursorShape {
  readonly width: number
  readonly height: number
  readonly hotX: number
  readonly hotY: number
  readonly rgba: Uint8Array
}

export type DeviceMessage =
  | { kind: 'hello'; version: number; features: number }
  | { kind: 'display'; width: number; height: number; scalePercent: number; outputs: Output[] }
  | { kind: 'epoch'; number: number; windowLog: number }
  | { kind: 'rects'; rects: Rect[]; data: Uint8Array }
  | { kind: 'copy'; from: Rect; x: number; y: number }
  | { kind: 'jpeg'; rect: Rect; data: Uint8Array }
  | { kind: 'video open'; stream: number; codec: number; rect: Rect }
  | { kind: 'video frame'; stream: number; key: boolean; more: boolean; timeMs: number; data: Uint8Array }
  | { kind: 'video close'; stream: number }
  | { kind: 'cursor shape'; shape: CursorShape }
  | { kind: 'cursor position'; x: number; y: number }
  | { kind: 'frame end'; frame: number }

/** Why the device's message was refused, as a sentence. */
export class ScreenError extends Error {
  override readonly name = 'ScreenError'
}

/** Parses one message of the device. That rectangles lie within the display is for the decoder. */
export function parseDeviceMessage(bytes: Uint8Array): DeviceMessage {
  if (bytes.length > MESSAGE_BYTES_MAX) {
    throw new ScreenError(`the screen message has ${bytes.length} bytes, more than ${MESSAGE_BYTES_MAX}`)
  }
  const reader = new Reader(bytes)
  const message = parseKind(reader.u8('kind'), reader)
  reader.close()
  return message
}

function parseKind(kind: number, reader: Reader): DeviceMessage {
  switch (kind) {
    case 1:
      return { kind: 'hello', version: reader.u8('version'), features: reader.u8('features') }
    case 2:
      return parseDisplay(reader)
    case 3: {
      const number = reader.positive('epoch number')
      const windowLog = reader.within('window', reader.u8('window'), WINDOW_LOG_MIN, WINDOW_LOG_MAX)
      return { kind: 'epoch', number, windowLog }
    }
    case 4: {
      const count = reader.within('number of rects', reader.u16('rects'), 0, RECTS_PER_MESSAGE_MAX)
      const rects = Array.from({ length: count }, () => reader.rect())
      return { kind: 'rects', rects, data: reader.rest() }
    }
    case 5:
      return { kind: 'copy', from: reader.rect(), x: reader.u16('position'), y: reader.u16('position') }
    case 6:
      return { kind: 'jpeg', rect: reader.rect(), data: reader.someRest('picture') }
    case 7: {
      const stream = reader.stream()
      const codec = reader.within('codec', reader.u8('codec'), 1, 4)
      return { kind: 'video open', stream, codec, rect: reader.rect() }
    }
    case 8: {
      const stream = reader.stream()
      const flags = reader.within('set of flags', reader.u8('flags'), 0, 3)
      const timeMs = reader.u32('time')
      const data = reader.someRest('picture')
      return { kind: 'video frame', stream, key: (flags & 1) !== 0, more: (flags & 2) !== 0, timeMs, data }
    }
    case 9:
      return { kind: 'video close', stream: reader.stream() }
    case 10:
      return { kind: 'cursor shape', shape: parseCursorShape(reader) }
    case 11:
      return { kind: 'cursor position', x: reader.u16('position'), y: reader.u16('position') }
    case 12:
      return { kind: 'frame end', frame: reader.positive('frame number') }
    default:
      throw new ScreenError(
        `screen message kind ${kind} is not known here; the peer may be newer than this program`,
      )
  }
}

function parseDisplay(reader: Reader): DeviceMessage {
  const width = reader.within('display size', reader.u16('size'), 1, DISPLAY_SIDE_MAX)
  const height = reader.within('display size', reader.u16('size'), 1, DISPLAY_SIDE_MAX)
  reader.within('display size', width * height, 1, DISPLAY_PIXELS_MAX)
  const scale = reader.u16('scale')
  const scalePercent = reader.within('scale', scale, SCALE_PERCENT_MIN, SCALE_PERCENT_MAX)
  const count = reader.within('number of outputs', reader.u8('outputs'), 0, OUTPUTS_MAX)
  const outputs = Array.from({ length: count }, () => {
    const rect = reader.rect()
    if (!fits(rect, width, height)) throw outOfBounds('output')
    const primary = reader.within('output', reader.u8('output'), 0, 1) === 1
    const length = reader.within('output name', reader.u8('output name'), 0, OUTPUT_NAME_BYTES_MAX)
    return { rect, primary, name: utf8(reader.take(length, 'output name')) }
  })
  return { kind: 'display', width, height, scalePercent, outputs }
}

function parseCursorShape(reader: Reader): CursorShape {
  const width = reader.u16('cursor')
  const height = reader.u16('cursor')
  const hotX = reader.u16('cursor')
  const hotY = reader.u16('cursor')
  const hidden = width === 0 && height === 0 && hotX === 0 && hotY === 0
  const shown = width <= CURSOR_SIDE_MAX && height <= CURSOR_SIDE_MAX
  const legal = hidden || (shown && hotX < width && hotY < height)
  if (!legal) throw outOfBounds('cursor size')
  return { width, height, hotX, hotY, rgba: reader.take(width * height * 4, 'cursor').slice() }
}

function utf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw outOfBounds('output name')
  }
}

function outOfBounds(what: string): ScreenError {
  return new ScreenError(`the screen message has a ${what} out of bounds`)
}

class Reader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  close(): void {
    const left = this.#bytes.length - this.#at
    if (left > 0) throw new ScreenError(`the screen message has ${left} bytes too many`)
  }

  take(length: number, what: string): Uint8Array {
    return this.#bytes.subarray(this.#advance(length, what), this.#at)
  }

  u8(what: string): number {
    return this.#view.getUint8(this.#advance(1, what))
  }

  u16(what: string): number {
    return this.#view.getUint16(this.#advance(2, what))
  }

  u32(what: string): number {
    return this.#view.getUint32(this.#advance(4, what))
  }

  positive(what: string): number {
    return this.within(what, this.u32(what), 1, 0xffff_ffff)
  }

  within(what: string, value: number, least: number, most: number): number {
    if (value < least || value > most) throw outOfBounds(what)
    return value
  }

  rect(): Rect {
    const rect = { x: this.u16('rect'), y: this.u16('rect'), width: this.u16('rect'), height: this.u16('rect') }
    if (rect.width === 0 || rect.height === 0) throw outOfBounds('rect')
    return rect
  }

  stream(): number {
    return this.within('stream', this.u8('stream'), 0, VIDEO_STREAMS_MAX - 1)
  }

  rest(): Uint8Array {
    return this.take(this.#bytes.length - this.#at, 'data')
  }

  someRest(what: string): Uint8Array {
    const rest = this.rest()
    if (rest.length === 0) throw new ScreenError(`the screen message ends in the middle of its ${what}`)
    return rest
  }

  #advance(length: number, what: string): number {
    const at = this.#at
    if (at + length > this.#bytes.length) {
      throw new ScreenError(`the screen message ends in the middle of its ${what}`)
    }
    this.#at = at + length
    return at
  }
}

/** Features that the viewer can decode: none beyond lossless rectangles yet. */
const FEATURES = 0

/** First message to the device. */
export function helloMessage(): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(1, VERSION, FEATURES)
}

/** The frame is on the screen. */
export function ackMessage(epoch: number, frame: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(9)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, 13)
  view.setUint32(1, epoch)
  view.setUint32(5, frame)
  return bytes
}

/** Start over with a new epoch. */
export function needEpochMessage(): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(14)
}

const PREFERENCES = { automatic: 0, exact: 1, fluent: 2 } as const

/** What the technician prefers; `rateKbitMax` 0 is no bound. */
export function qualityMessage(preference: keyof typeof PREFERENCES, rateKbitMax: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(6)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, 15)
  view.setUint8(1, PREFERENCES[preference])
  view.setUint32(2, rateKbitMax)
  return bytes
}
