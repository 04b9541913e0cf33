// The input stream: keys, text, pointer. Binary, technician to device only; byte 0 is the kind.

import { type Bytes, concat, fromUtf8, utf8 } from '../trust/bytes'
import { JsonError } from '../trust/json'
import { reading } from './messages'
import { INPUT_TEXT_BYTES_MAX } from './limits'

const KEY = 1
const TEXT = 2
const POINTER = 3
const WHEEL = 4
const RELEASE_ALL = 5
const KINDS: Record<number, number> = { [KEY]: 6, [POINTER]: 6, [WHEEL]: 5, [RELEASE_ALL]: 1 }

/** Left, middle, right, back, forward: bits 0 to 4. */
export const BUTTONS = 0b1_1111

/** One act of the technician's hands. */
export type Input =
  /** X11 keysym; 0x0100_0000 + code point for any Unicode character. */
  | { readonly kind: 'key'; readonly down: boolean; readonly keysym: number }
  /** A text to be typed as a whole. */
  | { readonly kind: 'text'; readonly text: string }
  /** Where the pointer is, in pixels of the display, and which buttons are held. */
  | { readonly kind: 'pointer'; readonly x: number; readonly y: number; readonly buttons: number }
  /** Right and down are positive, in 1/120 notches. */
  | { readonly kind: 'wheel'; readonly dx: number; readonly dy: number }
  /** All keys and buttons up: sent when the viewer loses focus. */
  | { readonly kind: 'release_all' }

/** The bytes on the wire; coordinates are cut to what fits. */
export function encodeInput(input: Input): Bytes {
  switch (input.kind) {
    case 'key':
      return packed(6, KEY, (view) => {
        view.setUint8(1, input.down ? 1 : 0)
        view.setUint32(2, input.keysym)
      })
    case 'text':
      return concat(Uint8Array.of(TEXT), utf8(input.text))
    case 'pointer':
      return packed(6, POINTER, (view) => {
        view.setUint16(1, clamp(input.x, 0, 65_535))
        view.setUint16(3, clamp(input.y, 0, 65_535))
        view.setUint8(5, input.buttons & BUTTONS)
      })
    case 'wheel':
      return packed(5, WHEEL, (view) => {
        view.setInt16(1, clamp(input.dx, -32_768, 32_767))
        view.setInt16(3, clamp(input.dy, -32_768, 32_767))
      })
    case 'release_all':
      return Uint8Array.of(RELEASE_ALL)
  }
}

/** Cuts a long text into texts that fit a message each, never inside a character. */
export function textInputs(text: string): Input[] {
  const out: Input[] = []
  let part = ''
  let bytes = 0
  for (const char of text) {
    const size = utf8(char).length
    if (bytes + size > INPUT_TEXT_BYTES_MAX) {
      out.push({ kind: 'text', text: part })
      ;[part, bytes] = ['', 0]
    }
    part += char
    bytes += size
  }
  if (part !== '') out.push({ kind: 'text', text: part })
  return out
}

/** Parses strictly. */
export const parseInput = (bytes: Bytes): Input => reading('input', () => parse(bytes))

function parse(bytes: Bytes): Input {
  const kind = bytes[0]
  if (kind === TEXT) return parseText(bytes.subarray(1))
  if (kind === undefined || KINDS[kind] !== bytes.length) throw new JsonError('no input message has this kind and length')
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  if (kind === KEY) {
    const [down, keysym] = [view.getUint8(1), view.getUint32(2)]
    if (down > 1 || keysym === 0) throw new JsonError('a key is down or up, and has a keysym')
    return { kind: 'key', down: down === 1, keysym }
  }
  if (kind === POINTER) {
    const buttons = view.getUint8(5)
    if ((buttons & ~BUTTONS) !== 0) throw new JsonError('no mouse has this button')
    return { kind: 'pointer', x: view.getUint16(1), y: view.getUint16(3), buttons }
  }
  if (kind === WHEEL) return { kind: 'wheel', dx: view.getInt16(1), dy: view.getInt16(3) }
  return { kind: 'release_all' }
}

function parseText(bytes: Bytes): Input {
  const text = fromUtf8(bytes)
  if (bytes.length === 0 || bytes.length > INPUT_TEXT_BYTES_MAX || text === undefined) {
    throw new JsonError(`a typed text has 1 to ${INPUT_TEXT_BYTES_MAX} bytes of UTF-8`)
  }
  return { kind: 'text', text }
}

function packed(length: number, kind: number, fill: (view: DataView) => void): Bytes {
  const out = new Uint8Array(length)
  out[0] = kind
  fill(new DataView(out.buffer))
  return out
}

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, Math.round(value)))
