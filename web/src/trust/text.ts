// Texts and names that people and peers write: what is accepted, and how a foreign text is shown.

import { NAME_BYTES_MAX, ORIGIN_BYTES_MAX, TEXT_CHARS_MAX } from './limits'

// Control, bidirectional, zero-width and separator characters that could make a text look like another.
const HIDDEN =
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]|[\ud800-\udfff]/u

/** Group, policy, person and witness names: 1 to 64 bytes of `a-z 0-9 . _ -`. */
export const isName = (text: string): boolean => text.length <= NAME_BYTES_MAX && /^[a-z0-9._-]+$/.test(text)

/** Whether a text holds nothing invisible and no break. */
export const isPlain = (text: string): boolean => !HIDDEN.test(text)

/** A text that a person writes for another: 1 to 200 characters, one line, nothing invisible. */
export function isLine(text: string): boolean {
  const count = [...text].length
  return count >= 1 && count <= TEXT_CHARS_MAX && isPlain(text)
}

/** Shows a peer's text on one line: control and bidirectional characters are escaped, the rest is cut after `charsMax`. */
export function showForeign(text: string, charsMax: number): string {
  const chars = [...text]
  const shown = chars
    .slice(0, charsMax)
    .map((char) => (HIDDEN.test(char) ? `\\u{${char.codePointAt(0)?.toString(16)}}` : char))
  return shown.join('') + (chars.length > charsMax ? '…' : '')
}

/** An origin as a browser states it: scheme, host in lower-case ASCII, optional port, nothing else. */
export function isOrigin(text: string): boolean {
  const parts = /^(https?):\/\/([^:]*)(?::(.*))?$/s.exec(text)
  if (!parts || text.length > ORIGIN_BYTES_MAX) return false
  const [, scheme, host = '', port] = parts
  const isLoopback = host === 'localhost' || host.endsWith('.localhost')
  if (scheme === 'http' && !isLoopback) return false
  const portFits = port === undefined || (/^[1-9][0-9]{0,4}$/.test(port) && Number(port) <= 65_535)
  return portFits && isHost(host)
}

/** A host name in lower-case ASCII. */
export function isHost(text: string): boolean {
  return text.length <= 253 && text.split('.').every((label) => /^(?!-)[a-z0-9-]{1,63}$/.test(label) && !label.endsWith('-'))
}
