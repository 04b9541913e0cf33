// The clipboard stream: text, offered before it is sent, the same in both directions.

import type { Bytes } from '../trust/bytes'
import { type Schema, object, readJson, u32, variant, writeJson } from '../trust/schema'
import { CLIPBOARD_TEXT_BYTES_MAX } from './limits'
import { reading, textUpTo } from './messages'

export type Clipboard =
  /** The sender's clipboard holds a new text of so many bytes. */
  | { offer: { bytes: number } }
  /** The sender would like the text that was offered. */
  | { get: Record<string, never> }
  /** The receiver's clipboard shall hold this text. */
  | { set: { text: string } }

const schema = variant<Clipboard>({
  offer: object<{ bytes: number }>({ bytes: u32 }) as Schema<unknown>,
  get: object<Record<string, never>>({}) as Schema<unknown>,
  set: object<{ text: string }>({ text: textUpTo(CLIPBOARD_TEXT_BYTES_MAX) }) as Schema<unknown>,
})

export const parseClipboard = (bytes: Bytes): Clipboard => reading('clipboard', () => readJson(schema, bytes))
export const encodeClipboard = (message: Clipboard): Bytes => writeJson(schema, message)
