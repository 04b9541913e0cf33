// Checkpoints: what the service's log key and the witnesses sign about a ledger.
// C2SP signed-note and tlog-checkpoint; cosignatures are C2SP tlog-cosignature `cosignature/v1`.

import { type Bytes, type Hash, type OrgId, concat, fromB64, sha256Bytes, toB64, toB64u, u64be, utf8 } from './bytes'
import { equal } from './bytes'
import { TrustError } from './error'
import type { PublicKey, Signer } from './key'
import { INTEGER_MAX, NOTE_BYTES_MAX, NOTE_SIGNATURES_MAX } from './limits'
import type { Roster, Seen } from './statement'

const TYPE_ED25519 = 1
const TYPE_COSIGNATURE = 4

/** A checkpoint whose log signature was verified, with the witness times that were. */
export interface Checkpoint {
  readonly head: Seen
  /** Verified cosignatures: index into the roster's witnesses, and its time in milliseconds. */
  readonly witnessed: readonly (readonly [index: number, at: number])[]
}

interface Line {
  readonly name: string
  readonly blob: Bytes
}

/** The origin line of an organisation's checkpoints, also the log key's name. */
export const checkpointOrigin = (org: OrgId): string => `wayleave/${org}`

const malformed = (why: string) => new TrustError('malformed', `the checkpoint cannot be read: ${why}`)

/** A checkpoint note: parsed, signatures not yet verified. */
export class Note {
  private constructor(
    /** What is signed. */
    readonly body: string,
    /** What it claims. */
    readonly head: Seen,
    private readonly lines: readonly Line[],
  ) {}

  /** Parses a note about `org`. */
  static parse(org: OrgId, text: string): Note {
    if (utf8(text).length > NOTE_BYTES_MAX) throw malformed('it is longer than 16 KiB')
    const split = text.indexOf('\n\n')
    if (split < 0) throw malformed('there is no empty line before the signatures')
    const body = text.slice(0, split + 1)
    const lines = body.slice(0, -1).split('\n')
    const [name, size = '', root = ''] = lines
    if (lines.length !== 3) throw malformed('it has not exactly three lines')
    if (name !== checkpointOrigin(org)) {
      throw new TrustError('other_organisation', 'the checkpoint is about another organisation')
    }
    if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || Number(size) > INTEGER_MAX) {
      throw malformed('its size is not a decimal number')
    }
    const rootBytes = fromB64(root)
    if (rootBytes?.length !== 32) throw malformed('its root is not 32 bytes of base64')
    const head = { size: Number(size), root: toB64u(rootBytes) as Hash }
    return new Note(body, head, parseLines(text.slice(split + 2)))
  }

  /** Signs a new checkpoint with the log key: for tests and mock services. */
  static async sign(org: OrgId, head: Seen, logKey: Signer): Promise<Note> {
    const name = checkpointOrigin(org)
    const root = fromB64(toStandard(head.root))
    const body = `${name}\n${head.size}\n${toB64(root ?? new Uint8Array(0))}\n`
    const { sig } = await logKey.sign(utf8(body))
    const blob = concat(keyHash(name, TYPE_ED25519, logKey.key), sig)
    return new Note(body, head, [{ name, blob }])
  }

  /** The same note with a witness's signature at `seconds` since the epoch: for tests and mock services. */
  async cosign(name: string, key: Signer, seconds: number): Promise<Note> {
    const { sig } = await key.sign(cosignedMessage(this.body, BigInt(seconds)))
    const blob = concat(keyHash(name, TYPE_COSIGNATURE, key.key), u64be(seconds), sig)
    return new Note(this.body, this.head, [...this.lines.filter((l) => l.name !== name), { name, blob }])
  }

  /**
   * Verifies the log's signature and every cosignature of the roster's witnesses. Lines that do not verify, and those of
   * unknown names, do not count.
   */
  async verify(org: OrgId, roster: Roster): Promise<Checkpoint> {
    const name = checkpointOrigin(org)
    const hash = keyHash(name, TYPE_ED25519, roster.log_key)
    let isSigned = false
    for (const { blob } of this.lines.filter((l) => l.name === name && l.blob.length === 68)) {
      const isOurs = equal(blob.subarray(0, 4), hash)
      isSigned ||= isOurs && (await roster.log_key.verifyEd25519(utf8(this.body), blob.slice(4)))
    }
    if (!isSigned) {
      throw new TrustError('not_signed', "the checkpoint is not signed by the organisation's log key")
    }
    const witnessed: [number, number][] = []
    for (const [index, witness] of roster.witnesses.entries()) {
      const at = await this.cosignedAt(witness.name, witness.key)
      if (at !== undefined) witnessed.push([index, at])
    }
    return { head: this.head, witnessed }
  }

  /** When this witness cosigned, in milliseconds, if it did. */
  async cosignedAt(name: string, key: PublicKey): Promise<number | undefined> {
    const hash = keyHash(name, TYPE_COSIGNATURE, key)
    for (const { blob } of this.lines.filter((l) => l.name === name && l.blob.length === 76)) {
      if (!equal(blob.subarray(0, 4), hash)) continue
      const seconds = new DataView(blob.buffer, blob.byteOffset).getBigUint64(4)
      if (await key.verifyEd25519(cosignedMessage(this.body, seconds), blob.slice(12))) return Number(seconds) * 1000
    }
    return undefined
  }

  toString(): string {
    return `${this.body}\n${this.lines.map((l) => `— ${l.name} ${toB64(l.blob)}\n`).join('')}`
  }
}

const toStandard = (b64u: string): string => b64u.replaceAll('-', '+').replaceAll('_', '/').padEnd(44, '=')

const cosignedMessage = (body: string, seconds: bigint): Bytes => utf8(`cosignature/v1\ntime ${seconds}\n${body}`)

function keyHash(name: string, type: number, key: PublicKey): Bytes {
  return sha256Bytes(utf8(`${name}\n`), new Uint8Array([type]), key.bytes).slice(0, 4)
}

function parseLines(text: string): Line[] {
  if (text !== '' && !text.endsWith('\n')) throw malformed('its last line is cut')
  const lines = text === '' ? [] : text.slice(0, -1).split('\n').map(parseLine)
  if (lines.length > NOTE_SIGNATURES_MAX) throw malformed('it has too many signatures')
  return lines
}

function parseLine(line: string): Line {
  const space = line.indexOf(' ', 2)
  const name = line.slice(2, space)
  const blob = fromB64(line.slice(space + 1))
  if (!line.startsWith('— ') || space < 3 || name.includes('+') || !blob || blob.length <= 4) {
    throw malformed('a signature line is not one')
  }
  return { name, blob }
}
