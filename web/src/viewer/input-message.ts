/**
 * The messages of the input stream, mirrored in `crates/wire/src/input.rs`. Numbers are big-endian.
 *
 * | byte 0 | message | rest |
 * |---|---|---|
 * | 1 | key | `u8` 1 down, 0 up; `u32` X11 key symbol |
 * | 2 | text | UTF-8, 1 to 4096 bytes |
 * | 3 | pointer | `u16` x, `u16` y, `u8` buttons: bit 0 left, 1 middle, 2 right, 3 back, 4 forward |
 * | 4 | wheel | `i16` to the right, `i16` down, in 1/120 of a notch |
 * | 5 | release all | nothing |
 */

import { TEXT_BYTES_MAX } from './limits'

/** One message, ready to be sent. */
export type Message = Uint8Array<ArrayBuffer>

/** A key went down or up. */
export function keyMessage(keysym: number, down: boolean): Message {
  const bytes = new Uint8Array(6)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, 1)
  view.setUint8(1, down ? 1 : 0)
  view.setUint32(2, keysym)
  return bytes
}

/** Text that no single key made, in as many messages as it takes. */
export function textMessages(text: string): Message[] {
  const encoder = new TextEncoder()
  const messages: Message[] = []
  let part: number[] = [2]
  for (const character of text) {
    const bytes = encoder.encode(character)
    if (part.length - 1 + bytes.length > TEXT_BYTES_MAX) {
      messages.push(Uint8Array.from(part))
      part = [2]
    }
    part.push(...bytes)
  }
  if (part.length > 1) messages.push(Uint8Array.from(part))
  return messages
}

/** The pointer is at a place of the display with these buttons down. */
export function pointerMessage(x: number, y: number, buttons: number): Message {
  const bytes = new Uint8Array(6)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, 3)
  view.setUint16(1, x)
  view.setUint16(3, y)
  view.setUint8(5, buttons)
  return bytes
}

/** The wheel turned. */
export function wheelMessage(right: number, down: number): Message {
  const bytes = new Uint8Array(5)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, 4)
  view.setInt16(1, right)
  view.setInt16(3, down)
  return bytes
}

/** Nothing is held any more. */
export function releaseAllMessage(): Message {
  return Uint8Array.of(5)
}
