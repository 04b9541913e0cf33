/**
 * The zstd stream of an epoch (RFC 8878). `fzstd` decompresses; that the stream is what the
 * device announced is checked here, block by block, before `fzstd` sees it.
 */

import { Decompress } from 'fzstd'

import { ScreenError } from './screen-message'

const MAGIC = 0xfd2fb528
const HEADER_BYTES = 6
const BLOCK_HEADER_BYTES = 3
const BLOCK_BYTES_MAX = 128 * 1024
const BLOCK_RLE = 1
const BLOCK_RESERVED = 3
/** `fzstd` waits for 18 bytes before it begins: the header and four empty blocks are as many. */
const EMPTY_BLOCKS_BYTES = 12

export interface PixelStream {
  /** Takes the next piece; `onPixels` gets what comes out and may throw to stop it. */
  push(piece: Uint8Array): void
}

/** A stream whose history reaches back at most 2^`windowLog` bytes. */
export function createPixelStream(windowLog: number, onPixels: (bytes: Uint8Array) => void): PixelStream {
  const decompressor = new Decompress((bytes) => {
    if (bytes.length > 0) onPixels(bytes)
  })
  let started = false
  let waiting: Uint8Array = new Uint8Array(0)

  function feed(bytes: Uint8Array): void {
    try {
      decompressor.push(bytes)
    } catch (error) {
      if (error instanceof ScreenError) throw error
      throw broken(error instanceof Error ? error.message : String(error))
    }
  }

  function start(bytes: Uint8Array): number {
    if (bytes.length < HEADER_BYTES) return 0
    checkHeader(bytes, windowLog)
    const header = new Uint8Array(HEADER_BYTES + EMPTY_BLOCKS_BYTES)
    header.set(bytes.subarray(0, HEADER_BYTES))
    feed(header)
    started = true
    return HEADER_BYTES
  }

  return {
    push(piece) {
      const bytes = waiting.length === 0 ? piece : joined(waiting, piece)
      const begin = started ? 0 : start(bytes)
      if (!started) {
        waiting = bytes.slice()
        return
      }
      const end = wholeBlocks(bytes, begin)
      waiting = bytes.slice(end)
      if (end > begin) feed(bytes.subarray(begin, end))
    },
  }
}

function checkHeader(bytes: Uint8Array, windowLog: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== MAGIC) throw broken('it is not zstd')
  if (view.getUint8(4) !== 0) throw broken('it has a content size, checksum or dictionary')
  const descriptor = view.getUint8(5)
  const base = 2 ** (10 + (descriptor >> 3))
  const window = base + (base / 8) * (descriptor & 7)
  if (window > 2 ** windowLog) throw broken('its window is larger than announced')
}

/** Where the last whole block ends; refuses what `fzstd` must not see. */
function wholeBlocks(bytes: Uint8Array, begin: number): number {
  let at = begin
  while (at + BLOCK_HEADER_BYTES <= bytes.length) {
    const header = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16)
    const type = (header >> 1) & 3
    const size = header >> 3
    if ((header & 1) !== 0) throw broken('it ended')
    if (type === BLOCK_RESERVED || size > BLOCK_BYTES_MAX) throw broken('a block is not legal')
    const next = at + BLOCK_HEADER_BYTES + (type === BLOCK_RLE ? 1 : size)
    if (next > bytes.length) break
    at = next
  }
  return at
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length)
  both.set(first)
  both.set(second, first.length)
  return both
}

function broken(why: string): ScreenError {
  return new ScreenError(`the device's pixel stream is broken: ${why}`)
}
