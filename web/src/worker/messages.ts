// What the page and its one worker say to each other. The worker has the socket, Noise, decoding and painting; the page has
// the keyboard, the pointer and everything around the picture.
import type { Bounds } from '../trust'
import type { Scope } from '../console/model'

export interface Start {
  server: string
  org: string
  session: string
  device: { keyid: string; noise: string }
  requestKey: { public: Uint8Array<ArrayBuffer>; privateKey: CryptoKey }
  noise: { publicKey: Uint8Array<ArrayBuffer>; privateKey: CryptoKey }
  warrant: string
  counts: string[]
  revocations: { from: number; envelope: string }[]
}

export interface Opened {
  session: string
  scopes: Scope[]
  bounds: Bounds
  until: number
  attended: boolean
  display: { state: 'ready' | 'none'; why?: string }
}

export interface FileEntry {
  name: string
  kind: 'file' | 'folder' | 'link' | 'other'
  size: number
  modified: number
}

export type ToWorker =
  // A session may begin soon.
  | { kind: 'practise' }
  // The canvas comes with the first start; a later one resumes the same session.
  | { kind: 'start'; start: Start; canvas?: OffscreenCanvas }
  | { kind: 'input'; message: Uint8Array<ArrayBuffer> }
  | { kind: 'clipboard'; text: string }
  | { kind: 'list'; call: number; path: string }
  | { kind: 'get'; call: number; path: string }
  | { kind: 'put'; call: number; path: string; file: File; replace: boolean }
  | { kind: 'cancel'; call: number }
  | { kind: 'shell'; call: number; cols: number; rows: number }
  | { kind: 'shell-data'; call: number; data: Uint8Array<ArrayBuffer> }
  | { kind: 'shell-size'; call: number; cols: number; rows: number }
  | { kind: 'shell-taken'; call: number; bytes: number }
  | { kind: 'shell-close'; call: number }
  | { kind: 'revocations'; envelopes: string[] }
  | { kind: 'bye' }

export type Stage = 'calling' | 'securing' | 'judging' | 'asking' | 'open' | 'over'

export type ToPage =
  | { kind: 'stage'; stage: Stage; text?: string; code?: string; until?: number }
  // The connection was lost: the page rings again, with the same warrant.
  | { kind: 'again' }
  | { kind: 'opened'; opened: Opened }
  // Why the session stands still; nothing once it goes on.
  | { kind: 'paused'; text: string }
  | { kind: 'display'; width: number; height: number }
  | { kind: 'painted'; first: boolean; at: number }
  | { kind: 'cursor'; css: string }
  | { kind: 'clipboard'; text: string }
  | { kind: 'latency'; ms: number }
  | { kind: 'revocations'; envelopes: string[] }
  | { kind: 'entries'; call: number; entries: FileEntry[]; more: boolean }
  | { kind: 'progress'; call: number; done: number; total: number }
  | { kind: 'file'; call: number; file: Blob }
  | { kind: 'stored'; call: number }
  | { kind: 'failed'; call: number; text: string }
  | { kind: 'shell-started'; call: number }
  | { kind: 'shell-output'; call: number; data: Uint8Array<ArrayBuffer> }
  | { kind: 'shell-exit'; call: number; code: number }
