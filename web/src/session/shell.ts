// The shell stream: one id is one terminal. `crates/wire/src/shell.rs` draws who says what when.

import type { Bytes } from '../trust/bytes'
import { type Schema, integer, object, oneOf, optional, text, variant } from '../trust/schema'
import { COMMAND_BYTES_MAX, TERMINAL_CELLS_MAX, TERMINAL_TYPE_BYTES_MAX } from './limits'
import { type Piece, type Why, code, encodePiece, parsePiece, reading, sentence, textUpTo, where } from './messages'

export interface Size {
  cols: number
  rows: number
}

interface Open extends Size {
  /** The value of TERM. */
  term: string
  /** A command line instead of the login shell. */
  command?: string | undefined
}

export type Signal = 'int' | 'term' | 'kill' | 'hup'

/** What the technician says on an id. */
export type ShellRequest = { open: Open } | { resize: Size } | { signal: { signal: Signal } }

/** What the device says on an id; an exit code is 128 + signal where one killed the process. */
export type ShellReply = { started: Record<string, never> } | { exit: { code: number } } | { failed: Why }

const cells = integer(1n, BigInt(TERMINAL_CELLS_MAX))
const i32 = integer(-(2n ** 31n), 2n ** 31n - 1n)
const term = where(
  text,
  (value) => /^[A-Za-z0-9+._-]+$/.test(value) && value.length <= TERMINAL_TYPE_BYTES_MAX,
  'a terminal type is 1 to 64 letters, digits and -+._',
)
const command = where(
  textUpTo(COMMAND_BYTES_MAX),
  (value) => value !== '' && !value.includes('\0'),
  'a command is empty, or holds a zero byte',
)

const request = variant<ShellRequest>({
  open: object<Open>({ cols: cells, rows: cells, term, command: optional(command) }) as Schema<unknown>,
  resize: object<Size>({ cols: cells, rows: cells }) as Schema<unknown>,
  signal: object<{ signal: Signal }>({ signal: oneOf('int', 'term', 'kill', 'hup') }) as Schema<unknown>,
})

const reply = variant<ShellReply>({
  started: object<Record<string, never>>({}) as Schema<unknown>,
  exit: object<{ code: number }>({ code: i32 }) as Schema<unknown>,
  failed: object<Why>({ code, text: sentence }) as Schema<unknown>,
})

export const parseShellRequest = (bytes: Bytes): Piece<ShellRequest> => reading('shell', () => parsePiece(request, bytes))
export const parseShellReply = (bytes: Bytes): Piece<ShellReply> => reading('shell', () => parsePiece(reply, bytes))
export const encodeShellRequest = (piece: Piece<ShellRequest>): Bytes => encodePiece(request, piece)
export const encodeShellReply = (piece: Piece<ShellReply>): Bytes => encodePiece(reply, piece)
