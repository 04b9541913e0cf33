// Byte strings that travel as unpadded base64url. Ids and hashes stay text here: strict decoding makes one text of each.

import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'

export type Bytes = Uint8Array<ArrayBuffer>

declare const brand: unique symbol
type Named<N extends string> = string & { readonly [brand]: N }

/** SHA-256 of something. */
export type Hash = Named<'Hash'>
/** An organisation: SHA-256 of its genesis statement's envelope bytes. */
export type OrgId = Named<'OrgId'>
/** A signature key: SHA-256 over its kind and public bytes. */
export type KeyId = Named<'KeyId'>
/** A statement's id, 16 bytes chosen at random by its author. */
export type StatementId = Named<'StatementId'>
/** A warrant's id, 16 bytes chosen at random by the technician's client. */
export type WarrantId = Named<'WarrantId'>
/** The public half of an X25519 key. */
export type X25519Public = Named<'X25519Public'>
/** 16 random bytes used once. */
export type Nonce = Named<'Nonce'>
/** The 16 random bytes that hide a committed name. */
export type Salt = Named<'Salt'>

const URL_SAFE = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const STANDARD = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'

function codes(alphabet: string): Int8Array {
  const table = new Int8Array(128).fill(-1)
  for (let n = 0; n < 64; n++) table[alphabet.charCodeAt(n)] = n
  return table
}

const URL_SAFE_CODES = codes(URL_SAFE)
const STANDARD_CODES = codes(STANDARD)

function encode(bytes: Uint8Array, alphabet: string): string {
  let out = ''
  for (let at = 0; at < bytes.length; at += 3) {
    const left = Math.min(3, bytes.length - at)
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0)
    for (let n = 0; n <= left; n++) out += alphabet.charAt((group >> (18 - 6 * n)) & 63)
  }
  return out
}

function decode(text: string, table: Int8Array): Bytes | undefined {
  const tail = text.length % 4
  if (tail === 1) return undefined
  const out = new Uint8Array(Math.floor((text.length * 3) / 4))
  let group = 0
  let bits = 0
  let length = 0
  for (let at = 0; at < text.length; at++) {
    const code = table[text.charCodeAt(at)] ?? -1
    if (code < 0) return undefined
    group = ((group << 6) | code) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      out[length++] = group >> bits
      group &= (1 << bits) - 1
    }
  }
  // Stray bits in the last character would make two texts of one value.
  return group === 0 ? out : undefined
}

/** Encodes as base64url without padding (RFC 4648, section 5). */
export const toB64u = (bytes: Uint8Array): string => encode(bytes, URL_SAFE)

/** Decodes strict base64url: no padding, no white space, no stray trailing bits. */
export const fromB64u = (text: string): Bytes | undefined => decode(text, URL_SAFE_CODES)

/** Encodes as standard base64 with padding, as notes use it. */
export function toB64(bytes: Uint8Array): string {
  const text = encode(bytes, STANDARD)
  return text + '='.repeat((4 - (text.length % 4)) % 4)
}

/** Decodes strict standard base64 with padding. */
export function fromB64(text: string): Bytes | undefined {
  if (text.length % 4 !== 0) return undefined
  const bare = text.replace(/={1,2}$/, '')
  return decode(bare, STANDARD_CODES)
}

/** The bytes of an id or hash, which were checked when it was made. */
export function bytesOf(id: string): Bytes {
  const bytes = fromB64u(id)
  if (!bytes) throw new Error(`expected base64url without padding, found "${clip(id)}"`)
  return bytes
}

/** Takes text as an id of `length` bytes; `undefined` when it is not. */
export function parseId<T extends string>(text: string, length: number): T | undefined {
  return fromB64u(text)?.length === length ? (text as T) : undefined
}

/** Parses an organisation id. */
export const parseOrgId = (text: string): OrgId | undefined => parseId<OrgId>(text, 32)

/** Parses a key id. */
export const parseKeyId = (text: string): KeyId | undefined => parseId<KeyId>(text, 32)

/** The first 40 characters, for error texts that quote what a peer sent. */
export const clip = (text: string): string => [...text.slice(0, 80)].slice(0, 40).join('')

const encoder = new TextEncoder()

/** The text's UTF-8 bytes. */
export const utf8 = (text: string): Bytes => encoder.encode(text) as Bytes

/** The bytes as text; `undefined` when they are not UTF-8. */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

/** One byte string of many. */
export function concat(...parts: Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}

/** Eight bytes, big endian. */
export function u64be(value: number | bigint): Bytes {
  const out = new Uint8Array(8)
  new DataView(out.buffer).setBigUint64(0, BigInt(value))
  return out
}

/** Whether both hold the same bytes. */
export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at])
}

/** SHA-256 over the concatenation of `parts`, as bytes. */
export function sha256Bytes(...parts: Uint8Array[]): Bytes {
  const hash = nobleSha256.create()
  for (const part of parts) hash.update(part)
  return hash.digest() as Bytes
}

/** SHA-256 over the concatenation of `parts`. */
export const sha256 = (...parts: Uint8Array[]): Hash => toB64u(sha256Bytes(...parts)) as Hash

/** `length` random bytes. */
export const randomBytes = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length))

/** A random id or nonce of 16 bytes. */
export const randomId = <T extends string = Nonce>(): T => toB64u(randomBytes(16)) as T

/** 32 zero bytes: the organisation inside a genesis, and the hash before the first receipt. */
export const ZEROS_32 = toB64u(new Uint8Array(32))
