/**
 * From messages to pixels, for a device that may be hostile: the mirror of
 * `crates/screen/src/decode.rs`. Knows no DOM.
 */

import { COPIES_PER_FRAME_MAX, FRAME_COVERS_MAX, PAINT_AREAS_MAX, RECTS_PER_FRAME_MAX, VERSION } from './limits'
import { createPixelStream, type PixelStream } from './pixel-stream'
import { addArea, fits, type Rect } from './rect'
import { ScreenError, parseDeviceMessage, type CursorShape, type DeviceMessage, type Output } from './screen-message'

/** What the device said of its display. */
export interface Display {
  readonly width: number
  readonly height: number
  readonly scalePercent: number
  readonly outputs: readonly Output[]
}

/** A whole update: paint it, then acknowledge it. */
export interface Painted {
  readonly epoch: number
  readonly frame: number
  /** Where the picture changed. */
  readonly areas: readonly Rect[]
}

export interface Decoder {
  /**
   * Takes one message and gives the update that it ends, if it ends one. Throws a `ScreenError`
   * when it refuses the message, then skips everything until the next epoch.
   */
  apply(bytes: Uint8Array): Painted | undefined
  /** The picture. Only valid right after `apply` gave an update: show it before the next. */
  pixels(): ImagePixels
  display(): Display | undefined
  cursor(): CursorShape | undefined
  cursorPosition(): { readonly x: number; readonly y: number } | undefined
}

/** Pixels R G B A, row after row. */
export interface ImagePixels {
  readonly width: number
  readonly height: number
  readonly rgba: Uint8ClampedArray<ArrayBuffer>
}

type Phase = 'silent' | 'greeted' | 'needs epoch' | 'running' | 'lost'

/** A decoder that waits for the device's hello. */
export function createDecoder(): Decoder {
  return new ScreenDecoder()
}

class ScreenDecoder implements Decoder {
  #phase: Phase = 'silent'
  #display: Display | undefined
  #picture = new Picture(0, 0)
  #stream: PixelStream | undefined
  #queue = new RectQueue(this.#picture)
  #epoch = 0
  #frame = 0
  #update = newUpdate()
  #cursor: CursorShape | undefined
  #cursorPosition: { x: number; y: number } | undefined

  apply(bytes: Uint8Array): Painted | undefined {
    try {
      return this.#take(parseDeviceMessage(bytes))
    } catch (error) {
      if (this.#phase !== 'silent') this.#phase = 'lost'
      this.#stream = undefined
      this.#update = newUpdate()
      throw error
    }
  }

  pixels(): ImagePixels {
    return this.#picture
  }

  display(): Display | undefined {
    return this.#display
  }

  cursor(): CursorShape | undefined {
    return this.#cursor
  }

  cursorPosition(): { readonly x: number; readonly y: number } | undefined {
    return this.#cursorPosition
  }

  #take(message: DeviceMessage): Painted | undefined {
    if (message.kind === 'hello') {
      this.#greet(message.version)
      return undefined
    }
    if (this.#phase === 'silent') throw wrongMoment('a message before its hello')
    if (message.kind === 'display') this.#setDisplay(message)
    else if (message.kind === 'epoch') this.#startEpoch(message.number, message.windowLog)
    else if (this.#phase === 'running') return this.#paint(message)
    else if (this.#phase !== 'lost') throw wrongMoment('a message before an epoch')
    return undefined
  }

  #greet(version: number): void {
    if (this.#phase !== 'silent') throw wrongMoment('a second hello')
    if (version !== VERSION) {
      throw new ScreenError(
        `the device speaks version ${version} of the screen protocol, this viewer ${VERSION}; update the older one`,
      )
    }
    this.#phase = 'greeted'
  }

  #setDisplay(display: Display): void {
    if (this.#update.started) throw wrongMoment('a display within an update')
    const { width, height, scalePercent, outputs } = display
    this.#display = { width, height, scalePercent, outputs }
    this.#stream = undefined
    this.#phase = 'needs epoch'
  }

  #startEpoch(number: number, windowLog: number): void {
    if (this.#display === undefined) throw wrongMoment('an epoch before its display')
    if (this.#update.started) throw wrongMoment('an epoch within an update')
    if (number <= this.#epoch) throw wrongMoment('an epoch out of order')
    const { width, height } = this.#display
    const picture = new Picture(width, height)
    const queue = new RectQueue(picture)
    this.#picture = picture
    this.#queue = queue
    this.#stream = createPixelStream(windowLog, (bytes) => queue.paint(bytes))
    this.#update = newUpdate()
    this.#update.started = true
    this.#update.areas.push({ x: 0, y: 0, width, height })
    this.#epoch = number
    this.#frame = 0
    this.#phase = 'running'
  }

  #paint(message: DeviceMessage): Painted | undefined {
    switch (message.kind) {
      case 'rects':
        this.#queueRects(message.rects, message.data)
        return undefined
      case 'copy':
        this.#copy(message.from, message.x, message.y)
        return undefined
      case 'cursor shape':
        this.#cursor = message.shape
        return undefined
      case 'cursor position':
        this.#cursorPosition = { x: message.x, y: message.y }
        return undefined
      case 'frame end':
        return this.#endFrame(message.frame)
      case 'jpeg':
        throw notOffered('a JPEG picture')
      default:
        throw notOffered('video')
    }
  }

  #queueRects(rects: readonly Rect[], data: Uint8Array): void {
    const { width, height } = this.#picture
    const update = this.#update
    update.started = true
    for (const rect of rects) {
      if (!fits(rect, width, height)) throw outside()
      update.rects += 1
      update.pixels += rect.width * rect.height
      addArea(update.areas, rect, PAINT_AREAS_MAX)
    }
    if (update.rects > RECTS_PER_FRAME_MAX || update.pixels > FRAME_COVERS_MAX * width * height) throw endless()
    this.#queue.add(rects)
    this.#stream?.push(data)
  }

  #copy(from: Rect, x: number, y: number): void {
    const { width, height } = this.#picture
    const to = { x, y, width: from.width, height: from.height }
    if (!fits(from, width, height) || !fits(to, width, height)) throw outside()
    this.#queue.checkComplete()
    this.#update.started = true
    this.#update.copies += 1
    if (this.#update.copies > COPIES_PER_FRAME_MAX) throw endless()
    this.#picture.copy(from, x, y)
    addArea(this.#update.areas, to, PAINT_AREAS_MAX)
  }

  #endFrame(frame: number): Painted {
    this.#queue.checkComplete()
    if (frame !== this.#frame + 1) throw wrongMoment('a frame end out of order')
    this.#frame = frame
    const { areas } = this.#update
    this.#update = newUpdate()
    return { epoch: this.#epoch, frame, areas }
  }
}

/** Pixels R G B A of the display. */
class Picture implements ImagePixels {
  readonly rgba: Uint8ClampedArray<ArrayBuffer>
  readonly words: Uint32Array

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    const buffer = new ArrayBuffer(width * height * 4)
    this.rgba = new Uint8ClampedArray(buffer)
    this.words = new Uint32Array(buffer).fill(OPAQUE)
  }

  /** Both rectangles must lie in the picture; they may overlap. */
  copy(from: Rect, x: number, y: number): void {
    const down = y > from.y
    for (let step = 0; step < from.height; step += 1) {
      const row = down ? from.height - 1 - step : step
      const source = (from.y + row) * this.width + from.x
      this.words.copyWithin((y + row) * this.width + x, source, source + from.width)
    }
  }
}

/** Rectangles that wait for their pixels, which come as B G R in pieces of any length. */
class RectQueue {
  #rects: Rect[] = []
  #next = 0
  #column = 0
  #row = 0
  readonly #carry: number[] = []

  constructor(readonly picture: Picture) {}

  add(rects: readonly Rect[]): void {
    if (this.#next === this.#rects.length) {
      this.#rects = []
      this.#next = 0
    }
    this.#rects.push(...rects)
  }

  checkComplete(): void {
    if (this.#next < this.#rects.length) {
      throw new ScreenError('the device sent fewer pixels than its rectangles hold')
    }
  }

  paint(bytes: Uint8Array): void {
    let at = 0
    while (this.#carry.length > 0 && at < bytes.length) {
      this.#carry.push(bytes[at] ?? 0)
      at += 1
      if (this.#carry.length === 3) this.#paintRun(Uint8Array.from(this.#carry.splice(0)), 0)
    }
    while (bytes.length - at >= 3) at = this.#paintRun(bytes, at)
    while (at < bytes.length) {
      if (this.#rects[this.#next] === undefined) throw tooMany()
      this.#carry.push(bytes[at] ?? 0)
      at += 1
    }
  }

  /** Paints to the end of the row or of the bytes; gives where it stopped. */
  #paintRun(bytes: Uint8Array, start: number): number {
    const rect = this.#rects[this.#next]
    if (rect === undefined) throw tooMany()
    const { words, width } = this.picture
    const count = Math.min(rect.width - this.#column, Math.floor((bytes.length - start) / 3))
    const target = (rect.y + this.#row) * width + rect.x + this.#column
    let at = start
    for (let index = target; index < target + count; index += 1) {
      words[index] = OPAQUE | ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
      at += 3
    }
    this.#column += count
    if (this.#column === rect.width) this.#endRow(rect)
    return at
  }

  #endRow(rect: Rect): void {
    this.#column = 0
    this.#row += 1
    if (this.#row < rect.height) return
    this.#row = 0
    this.#next += 1
  }
}

/** Alpha of a pixel as a word on the little-endian machines that browsers run on. */
const OPAQUE = 0xff00_0000

interface Update {
  started: boolean
  areas: Rect[]
  rects: number
  copies: number
  pixels: number
}

function newUpdate(): Update {
  return { started: false, areas: [], rects: 0, copies: 0, pixels: 0 }
}

function wrongMoment(what: string): ScreenError {
  return new ScreenError(`the device sent ${what} at the wrong moment`)
}

function notOffered(what: string): ScreenError {
  return new ScreenError(`the device sent ${what}, which this viewer did not offer to decode`)
}

function outside(): ScreenError {
  return new ScreenError('the device sent a rectangle outside of its display')
}

function endless(): ScreenError {
  return new ScreenError('the device sent an update without end')
}

function tooMany(): ScreenError {
  return new ScreenError('the device sent more pixels than its rectangles hold')
}
