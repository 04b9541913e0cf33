// JSON read strictly (RFC 8259): UTF-8, no duplicate members, bounded nesting, numbers kept as written.

import { fromUtf8 } from './bytes'
import { JSON_DEPTH_MAX } from './limits'

/** A number as it was written. */
export class JsonNumber {
  constructor(readonly text: string) {}
}

export type Json = null | boolean | string | JsonNumber | Json[] | Map<string, Json>

/** Why a text is not strict JSON, or not of the expected form. */
export class JsonError extends Error {}

const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y
const PLAIN = /[^"\\\u0000-\u001f]*/y
const ESCAPES: Record<string, string> = {
  '"': '"',
  '\\': '\\',
  '/': '/',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
}

/** Reads one JSON value that fills the whole text. */
export function parseJson(bytes: Uint8Array): Json {
  const text = fromUtf8(bytes)
  if (text === undefined) throw new JsonError('it is not UTF-8')
  const reader = new Reader(text)
  const value = reader.value(0)
  reader.end()
  return value
}

class Reader {
  #at = 0
  readonly #text: string

  constructor(text: string) {
    this.#text = text
  }

  value(depth: number): Json {
    this.#space()
    const first = this.#text[this.#at]
    if (first === '{' || first === '[') {
      if (depth >= JSON_DEPTH_MAX) throw this.#error('it is nested too deeply')
      return first === '{' ? this.#object(depth + 1) : this.#array(depth + 1)
    }
    if (first === '"') return this.#string()
    if (this.#takes('true')) return true
    if (this.#takes('false')) return false
    if (this.#takes('null')) return null
    return this.#number()
  }

  end(): void {
    this.#space()
    if (this.#at < this.#text.length) throw this.#error('something follows the value')
  }

  #object(depth: number): Map<string, Json> {
    const out = new Map<string, Json>()
    this.#at++
    this.#space()
    if (this.#takes('}')) return out
    do {
      this.#space()
      if (this.#text[this.#at] !== '"') throw this.#error('a member has no name')
      const name = this.#string()
      if (out.has(name)) throw this.#error(`duplicate member "${name.slice(0, 40)}"`)
      this.#space()
      if (!this.#takes(':')) throw this.#error('a colon is missing')
      out.set(name, this.value(depth))
      this.#space()
    } while (this.#takes(','))
    if (!this.#takes('}')) throw this.#error('an object does not end')
    return out
  }

  #array(depth: number): Json[] {
    const out: Json[] = []
    this.#at++
    this.#space()
    if (this.#takes(']')) return out
    do {
      out.push(this.value(depth))
      this.#space()
    } while (this.#takes(','))
    if (!this.#takes(']')) throw this.#error('an array does not end')
    return out
  }

  #string(): string {
    let out = ''
    this.#at++
    for (;;) {
      out += this.#match(PLAIN)
      const next = this.#text[this.#at++]
      if (next === '"') return out
      if (next !== '\\') throw this.#error('a text does not end, or holds a control character')
      out += this.#escape()
    }
  }

  #escape(): string {
    const kind = this.#text[this.#at++] ?? ''
    if (kind !== 'u') {
      const char = ESCAPES[kind]
      if (char === undefined) throw this.#error('an escape is unknown')
      return char
    }
    const unit = this.#hex()
    if (unit < 0xd800 || unit > 0xdfff) return String.fromCharCode(unit)
    const low = unit < 0xdc00 && this.#takes('\\u') ? this.#hex() : 0
    if (low < 0xdc00 || low > 0xdfff) throw this.#error('a surrogate stands alone')
    return String.fromCharCode(unit, low)
  }

  #hex(): number {
    const digits = this.#text.slice(this.#at, this.#at + 4)
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) throw this.#error('an escape is not four hex digits')
    this.#at += 4
    return parseInt(digits, 16)
  }

  #number(): JsonNumber {
    const text = this.#match(NUMBER)
    if (text === '') throw this.#error('a value is expected')
    if (!Number.isFinite(Number(text))) throw this.#error('a number is out of range')
    return new JsonNumber(text)
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }

  #takes(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false
    this.#at += token.length
    return true
  }

  #space(): void {
    while (' \n\t\r'.includes(this.#text[this.#at] ?? 'x')) this.#at++
  }

  #error(what: string): JsonError {
    return new JsonError(`${what}, at character ${this.#at + 1}`)
  }
}
