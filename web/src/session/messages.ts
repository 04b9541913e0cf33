// What each stream's messages are made of, beyond JSON's own form.

import { type Bytes, concat, utf8 } from '../trust/bytes'
import { JsonError } from '../trust/json'
import { INTEGER_MAX } from '../trust/limits'
import { type Schema, integer, readJson, text, writeJson } from '../trust/schema'
import { ChannelError } from './error'
import type { Stream } from './frame'
import { CODE_BYTES_MAX, DATA_BYTES_MAX, SENTENCE_BYTES_MAX } from './limits'

/** Counts, sizes and times: at most 2^53 - 1. */
export const count = integer(0n, BigInt(INTEGER_MAX))

/** The same values, but only those that `holds` accepts. */
export function where<T>(schema: Schema<T>, holds: (value: T) => boolean, otherwise: string): Schema<T> {
  return {
    ...schema,
    read(json, at) {
      const value = schema.read(json, at)
      if (!holds(value)) throw new JsonError(`${at}: ${otherwise}`)
      return value
    },
  }
}

/** A text of at most so many UTF-8 bytes. */
export const textUpTo = (bytes: number): Schema<string> =>
  where(text, (value) => value.length <= bytes && utf8(value).length <= bytes, `it is longer than ${bytes} bytes`)

/** For programs: `snake_case`. */
export const code = where(
  text,
  (value) => /^[a-z0-9_]+$/.test(value) && value.length <= CODE_BYTES_MAX,
  `a code is 1 to ${CODE_BYTES_MAX} of a-z, 0-9 and _`,
)

/** For people. Foreign text: show it by `showForeign`. */
export const sentence = textUpTo(SENTENCE_BYTES_MAX)

/** What went wrong, or why it is over. */
export interface Why {
  readonly code: string
  readonly text: string
}

/** Turns what a parser throws into the end of the channel. */
export function reading<T>(stream: Stream, read: () => T): T {
  try {
    return read()
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new ChannelError('message', `a message on the stream ${stream} is refused: ${why}`)
  }
}

/** A head, or raw bytes: the form of files and shell messages. */
export type Piece<H> = { readonly head: H } | { readonly data: Bytes }

const HEAD = 0
const DATA = 1

export function parsePiece<H>(schema: Schema<H>, bytes: Bytes): Piece<H> {
  const rest = bytes.subarray(1)
  if (bytes[0] === HEAD) return { head: readJson(schema, rest) }
  if (bytes[0] !== DATA) throw new JsonError('its first byte is neither 0 nor 1')
  if (rest.length === 0 || rest.length > DATA_BYTES_MAX) {
    throw new JsonError(`a data message has 1 to ${DATA_BYTES_MAX} bytes of data, this one has ${rest.length}`)
  }
  return { data: rest }
}

export function encodePiece<H>(schema: Schema<H>, piece: Piece<H>): Bytes {
  if ('data' in piece) return concat(Uint8Array.of(DATA), piece.data)
  return concat(Uint8Array.of(HEAD), writeJson(schema, piece.head))
}
