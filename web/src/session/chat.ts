// The chat stream: lines between the technician and the person at the machine, the same in both directions.

import type { Bytes } from '../trust/bytes'
import { type Schema, object, readJson, variant, writeJson } from '../trust/schema'
import { CHAT_TEXT_BYTES_MAX } from './limits'
import { count, reading, textUpTo, where } from './messages'

/** A person says something; `at` is his clock. Foreign text: show it by `showForeign`. */
export type Chat = { say: { text: string; at: number } }

const line = where(textUpTo(CHAT_TEXT_BYTES_MAX), (text) => text !== '', 'a chat line has at least one character')
const schema = variant<Chat>({ say: object<{ text: string; at: number }>({ text: line, at: count }) as Schema<unknown> })

export const parseChat = (bytes: Bytes): Chat => reading('chat', () => readJson(schema, bytes))
export const encodeChat = (message: Chat): Bytes => writeJson(schema, message)
