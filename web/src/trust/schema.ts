// What a payload's members must be. One value has one form: an unknown, duplicate or empty optional member refuses.

import { type Bytes, clip, fromB64u, parseId, toB64u, utf8 } from './bytes'
import { type Json, JsonError, JsonNumber, parseJson } from './json'

/** Reads a value of one form, and writes it back as plain JSON. */
export interface Schema<T> {
  read(json: Json, where: string): T
  write(value: T): unknown
  /** The value of a member that is absent, if it may be. */
  readonly absent?: { readonly value: T; is(value: T): boolean }
}

type Fields<T> = { [K in keyof Required<T>]: Schema<T[K]> | Schema<Exclude<T[K], undefined>> }

function fail(where: string, expected: string): never {
  throw new JsonError(`${where}: ${expected} is expected`)
}

/** An object with exactly these members. */
export function object<T extends object>(fields: Fields<T>): Schema<T> {
  const known = Object.entries(fields) as [string, Schema<unknown>][]
  return {
    read(json, where) {
      if (!(json instanceof Map)) return fail(where, 'an object')
      const out: Record<string, unknown> = {}
      let found = 0
      for (const [name, schema] of known) {
        const member = json.get(name)
        if (member !== undefined) {
          out[name] = schema.read(member, `${where}.${name}`)
          found++
          if (schema.absent?.is(out[name])) fail(`${where}.${name}`, 'something, or no such member,')
        } else if (schema.absent) {
          if (schema.absent.value !== undefined) out[name] = schema.absent.value
        } else {
          fail(`${where}.${name}`, 'a value')
        }
      }
      if (found < json.size) {
        const unknown = [...json.keys()].find((name) => !known.some(([k]) => k === name))
        throw new JsonError(`${where}: unknown member "${clip(unknown ?? '')}"`)
      }
      return out as T
    },
    write(value) {
      const out: Record<string, unknown> = {}
      for (const [name, schema] of known) {
        const member = (value as Record<string, unknown>)[name]
        if (schema.absent && (member === undefined || schema.absent.is(member))) continue
        out[name] = schema.write(member)
      }
      return out
    },
  }
}

/** An object with exactly one of these members. */
export function variant<T extends object>(schemas: Record<string, Schema<unknown>>): Schema<T> {
  const schemaOf = (name: string) => (Object.hasOwn(schemas, name) ? schemas[name] : undefined)
  return {
    read(json, where) {
      const [name, member] = json instanceof Map && json.size === 1 ? [...json][0]! : []
      const schema = name === undefined ? undefined : schemaOf(name)
      if (name === undefined || member === undefined || !schema) {
        return fail(where, `one of ${Object.keys(schemas).join(', ')}`)
      }
      return { [name]: schema.read(member, `${where}.${name}`) } as T
    },
    write(value) {
      const [name, member] = Object.entries(value)[0] ?? ['', undefined]
      return { [name]: schemaOf(name)?.write(member) }
    },
  }
}

/** A member that may be absent. */
export function optional<T>(schema: Schema<T>): Schema<T | undefined> {
  return {
    read: schema.read,
    write: (value) => (value === undefined ? undefined : schema.write(value)),
    absent: { value: undefined, is: (value) => value === undefined },
  }
}

/** A list. */
export function list<T>(schema: Schema<T>): Schema<T[]> {
  return {
    read(json, where) {
      if (!Array.isArray(json)) return fail(where, 'a list')
      return json.map((item, at) => schema.read(item, `${where}[${at}]`))
    },
    write: (value) => value.map((item) => schema.write(item)),
  }
}

/** A list that is absent when it is empty. */
export function listOrNone<T>(schema: Schema<T>): Schema<T[]> {
  return { ...list(schema), absent: { value: [], is: (value) => value.length === 0 } }
}

export const text: Schema<string> = {
  read: (json, where) => (typeof json === 'string' ? json : fail(where, 'a text')),
  write: (value) => value,
}

export const flag: Schema<boolean> = {
  read: (json, where) => (typeof json === 'boolean' ? json : fail(where, 'true or false')),
  write: (value) => value,
}

/** A flag that is absent when it is false. */
export const flagOrNone: Schema<boolean> = { ...flag, absent: { value: false, is: (value) => !value } }

/** One of these texts. */
export function oneOf<T extends string>(...texts: readonly T[]): Schema<T> {
  return {
    read: (json, where) => texts.find((t) => t === json) ?? fail(where, `one of ${texts.join(', ')}`),
    write: (value) => value,
  }
}

/** An integer from `min` to `max`, written without fraction or exponent. */
export function integer(min: bigint, max: bigint): Schema<number> {
  return {
    read(json, where) {
      const isInteger = json instanceof JsonNumber && /^(0|-?[1-9][0-9]*)$/.test(json.text)
      const value = isInteger ? BigInt(json.text) : undefined
      if (value === undefined || value < min || value > max) return fail(where, `an integer from ${min} to ${max}`)
      return Number(value)
    },
    write: (value) => value,
  }
}

export const u64 = integer(0n, (1n << 64n) - 1n)
export const u32 = integer(0n, (1n << 32n) - 1n)
export const u16 = integer(0n, 65_535n)
export const u8 = integer(0n, 255n)
export const i16 = integer(-32_768n, 32_767n)

/** An id or hash of `length` bytes, kept as text. */
export function id<T extends string>(length: number): Schema<T> {
  return {
    read(json, where) {
      const value = typeof json === 'string' ? parseId<T>(json, length) : undefined
      return value ?? fail(where, `${length} bytes of base64url without padding`)
    },
    write: (value) => value,
  }
}

/** Bytes of any length. */
export const blob: Schema<Bytes> = {
  read(json, where) {
    const bytes = typeof json === 'string' ? fromB64u(json) : undefined
    return bytes ?? fail(where, 'base64url without padding')
  },
  write: toB64u,
}

/** Reads strict JSON of this form. */
export const readJson = <T>(schema: Schema<T>, bytes: Uint8Array): T => schema.read(parseJson(bytes), 'the payload')

/** Writes JSON of this form. */
export const writeJson = <T>(schema: Schema<T>, value: T): Bytes => utf8(JSON.stringify(schema.write(value)))
