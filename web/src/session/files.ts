// The files stream: one id is one listing or one transfer. `crates/wire/src/files.rs` draws who says what when.

import type { Bytes, Hash } from '../trust/bytes'
import { type Schema, flag, id, list, object, oneOf, variant } from '../trust/schema'
import { ENTRIES_MAX, FILE_NAME_BYTES_MAX, PATH_BYTES_MAX } from './limits'
import { type Piece, type Why, code, count, encodePiece, parsePiece, reading, sentence, textUpTo, where } from './messages'

/** A whole file in short. */
export interface Digest {
  size: number
  sha256: Hash
}

/** One line of a listing. Its name is foreign text; times are milliseconds since the Unix epoch. */
export interface Entry {
  name: string
  kind: 'file' | 'folder' | 'link' | 'other'
  size: number
  modified: number
}

type Empty = Record<string, never>

/** What the technician says on an id. Paths are relative to the root that the device grants; '' is the root itself. */
export type FilesRequest =
  | { list: { path: string } }
  | { get: { path: string; offset: number } }
  | { put: { path: string; size: number; replace: boolean } }
  | { done: Digest }
  | { cancel: Empty }

/** What the device says on an id. */
export type FilesReply =
  | { entries: { entries: Entry[]; more: boolean } }
  | { begin: { size: number; modified: number } }
  | { ready: Empty }
  | { progress: { bytes: number } }
  | { done: Digest }
  | { stored: Digest }
  | { failed: Why }

const path = where(textUpTo(PATH_BYTES_MAX), (value) => !value.includes('\0'), 'a path holds a zero byte')
const filePath = where(path, (value) => value !== '', "a file's path is empty")
const name = where(
  textUpTo(FILE_NAME_BYTES_MAX),
  (value) => value !== '' && !/[/\0]/.test(value),
  'a name is empty, or holds a slash or a zero byte',
)
const digest = object<Digest>({ size: count, sha256: id<Hash>(32) }) as Schema<unknown>
const empty = object<Empty>({}) as Schema<unknown>
const entry = object<Entry>({ name, kind: oneOf('file', 'folder', 'link', 'other'), size: count, modified: count })

const request = variant<FilesRequest>({
  list: object<{ path: string }>({ path }) as Schema<unknown>,
  get: object<{ path: string; offset: number }>({ path: filePath, offset: count }) as Schema<unknown>,
  put: object<{ path: string; size: number; replace: boolean }>({
    path: filePath,
    size: count,
    replace: flag,
  }) as Schema<unknown>,
  done: digest,
  cancel: empty,
})

const reply = variant<FilesReply>({
  entries: object<{ entries: Entry[]; more: boolean }>({
    entries: where(list(entry), (all) => all.length <= ENTRIES_MAX, 'more than 64 entries on one page'),
    more: flag,
  }) as Schema<unknown>,
  begin: object<{ size: number; modified: number }>({ size: count, modified: count }) as Schema<unknown>,
  ready: empty,
  progress: object<{ bytes: number }>({ bytes: count }) as Schema<unknown>,
  done: digest,
  stored: digest,
  failed: object<Why>({ code, text: sentence }) as Schema<unknown>,
})

export const parseFilesRequest = (bytes: Bytes): Piece<FilesRequest> => reading('files', () => parsePiece(request, bytes))
export const parseFilesReply = (bytes: Bytes): Piece<FilesReply> => reading('files', () => parsePiece(reply, bytes))
export const encodeFilesRequest = (piece: Piece<FilesRequest>): Bytes => encodePiece(request, piece)
export const encodeFilesReply = (piece: Piece<FilesReply>): Bytes => encodePiece(reply, piece)
