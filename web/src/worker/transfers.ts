// Files: listings, fetching and putting, each under an id of its own.
import { sha256 } from '@noble/hashes/sha2.js'
import { type Channel, type Credit, DATA_BYTES_MAX, encodeFilesRequest, type FilesReply, type FilesRequest, type Piece } from '../session'
import { toB64u } from '../trust'
import type { ToPage } from './messages'

// What one id is busy with. `reply` answers a head, `data` takes bytes.
interface Transfer {
  call: number
  // Whether this side has said its last word on the id.
  ended: boolean
  reply(reply: FilesReply): void
  data(bytes: Uint8Array<ArrayBuffer>): void
  room(): void
}

const PROGRESS_EVERY_MS = 100

export class Transfers {
  readonly #byId = new Map<number, Transfer>()

  constructor(
    readonly channel: Channel,
    readonly tell: (message: ToPage) => void,
  ) {}

  list(call: number, path: string): void {
    this.#begin(call, { list: { path } }, () => ({
      call,
      ended: true,
      reply: (reply) => {
        if ('entries' in reply) this.tell({ kind: 'entries', call, ...reply.entries })
      },
      data: () => undefined,
      room: () => undefined,
    }))
  }

  get(call: number, path: string): void {
    this.#begin(call, { get: { path, offset: 0 } }, () => this.#receiver(call))
  }

  put(call: number, path: string, file: File, replace: boolean): void {
    this.#begin(call, { put: { path, size: file.size, replace } }, (id) => this.#sender(call, id, file))
  }

  cancel(call: number): void {
    for (const [id, transfer] of this.#byId) {
      if (transfer.call !== call) continue
      if (!transfer.ended) this.#send(id, { cancel: {} }, true)
      this.#byId.delete(id)
    }
  }

  take(id: number, piece: Piece<FilesReply>, end: boolean, credit: Credit): void {
    const transfer = this.#byId.get(id)
    if (transfer && 'data' in piece) transfer.data(piece.data)
    if (transfer && 'head' in piece) {
      if ('failed' in piece.head) this.#refused(id, transfer, piece.head.failed.text)
      else transfer.reply(piece.head)
    }
    if (end) this.#byId.delete(id)
    this.channel.consumed(credit)
  }

  room(id: number): void {
    this.#byId.get(id)?.room()
  }

  #begin(call: number, request: FilesRequest, make: (id: number) => Transfer): void {
    try {
      const id = this.channel.nextId('files')
      this.#byId.set(id, make(id))
      this.#send(id, request, 'list' in request || 'get' in request)
    } catch (error) {
      this.tell({ kind: 'failed', call, text: error instanceof Error ? error.message : String(error) })
    }
  }

  #receiver(call: number): Transfer {
    const parts: Uint8Array<ArrayBuffer>[] = []
    const hash = sha256.create()
    let [total, done] = [0, 0]
    const progress = paced(() => this.tell({ kind: 'progress', call, done, total }))
    return {
      call,
      ended: true,
      reply: (reply) => {
        if ('begin' in reply) total = reply.begin.size
        if (!('done' in reply)) return
        const intact = reply.done.size === done && (reply.done.sha256 as string) === toB64u(hash.digest())
        if (intact) this.tell({ kind: 'file', call, file: new Blob(parts) })
        else this.tell({ kind: 'failed', call, text: 'The file changed on its way or while it was read. Fetch it again.' })
      },
      data: (bytes) => {
        parts.push(bytes)
        hash.update(bytes)
        done += bytes.length
        progress()
      },
      room: () => undefined,
    }
  }

  #sender(call: number, id: number, file: File): Transfer {
    const hash = sha256.create()
    let [offset, pumping, ready] = [0, false, false]
    const progress = paced(() => this.tell({ kind: 'progress', call, done: offset, total: file.size }))
    const pump = async () => {
      if (pumping || !ready) return
      pumping = true
      while (offset < file.size && this.channel.room('files', id) > DATA_BYTES_MAX) {
        const data = new Uint8Array(await file.slice(offset, offset + DATA_BYTES_MAX).arrayBuffer())
        if (!this.#byId.has(id)) return
        hash.update(data)
        offset += data.length
        this.channel.send('files', id, encodeFilesRequest({ data }))
        progress()
        if (offset === file.size) this.#finish(id, file.size, toB64u(hash.digest()))
      }
      pumping = false
    }
    const guarded = () => void pump().catch((error: unknown) => this.#fail(id, call, error instanceof Error ? error.message : String(error)))
    return {
      call,
      ended: false,
      reply: (reply) => {
        if ('ready' in reply) {
          ready = true
          if (file.size === 0) this.#finish(id, 0, toB64u(hash.digest()))
          else guarded()
        }
        if ('stored' in reply) this.tell({ kind: 'stored', call })
      },
      data: () => undefined,
      room: guarded,
    }
  }

  #finish(id: number, size: number, digest: string): void {
    const transfer = this.#byId.get(id)
    if (transfer) transfer.ended = true
    this.#send(id, { done: { size, sha256: digest as never } }, true)
  }

  // An id is free again when both sides have ended it; an upload had not.
  #refused(id: number, transfer: Transfer, text: string): void {
    if (!transfer.ended) this.#send(id, { cancel: {} }, true)
    this.#fail(id, transfer.call, text)
  }

  #fail(id: number, call: number, text: string): void {
    this.#byId.delete(id)
    this.tell({ kind: 'failed', call, text })
  }

  #send(id: number, head: FilesRequest, end: boolean): void {
    this.channel.send('files', id, encodeFilesRequest({ head }), end)
  }
}

function paced(act: () => void): () => void {
  let last = 0
  return () => {
    const now = performance.now()
    if (now - last < PROGRESS_EVERY_MS) return
    last = now
    act()
  }
}
