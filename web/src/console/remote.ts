// One session as the page sees it: a worker, and signals that the page shows.
import { signal } from '@preact/signals'
import type { FileEntry, Opened, Stage, Start, ToPage, ToWorker } from '../worker/messages'

export interface Progress {
  done: number
  total: number
}

interface Waiting {
  take(message: ToPage): void
  fail(error: Error): void
}

export class Remote {
  static #spare: Remote | undefined

  // A session may be wanted soon: its worker starts and practises meanwhile, so that the first picture is there sooner.
  static prepare(): void {
    if (Remote.#spare?.isUsable) return
    Remote.#spare = new Remote()
    Remote.#spare.send({ kind: 'practise' })
  }

  static take(): Remote {
    const spare = Remote.#spare
    Remote.#spare = undefined
    return spare?.isUsable ? spare : new Remote()
  }

  readonly stage = signal<{ stage: Stage; text: string; until?: number }>({ stage: 'calling', text: '' })
  readonly opened = signal<Opened | null>(null)
  readonly display = signal<{ width: number; height: number } | null>(null)
  readonly painted = signal(false)
  readonly paused = signal('')
  readonly cursor = signal('default')
  readonly latency = signal<number | null>(null)
  onOpened: () => void = () => undefined
  onAgain: () => void = () => undefined
  onClipboard: (text: string) => void = () => undefined
  onRevocations: (envelopes: string[]) => void = () => undefined
  readonly #worker = new Worker(new URL('../worker/session.ts', import.meta.url), { type: 'module', name: 'session' })
  readonly #calls = new Map<number, Waiting>()
  #last = 0

  constructor() {
    this.#worker.onmessage = (event: MessageEvent<ToPage>) => this.#take(event.data)
    this.#worker.onerror = () => { this.stage.value = { stage: 'over', text: 'The session’s program stopped unexpectedly. Connect again.' } }
  }

  get isUsable(): boolean {
    return this.stage.value.stage !== 'over'
  }

  start(start: Start, canvas?: OffscreenCanvas): void {
    this.#worker.postMessage({ kind: 'start', start, ...(canvas ? { canvas } : {}) } satisfies ToWorker, canvas ? [canvas] : [])
  }

  send(message: ToWorker): void {
    this.#worker.postMessage(message)
  }

  bye(): void {
    this.send({ kind: 'bye' })
  }

  close(): void {
    this.#worker.terminate()
    this.#failAll('The session is over.')
  }

  async list(path: string): Promise<FileEntry[]> {
    const entries: FileEntry[] = []
    await this.#call((call) => ({ kind: 'list', call, path }), (message) => {
      if (message.kind !== 'entries') return false
      entries.push(...message.entries)
      return !message.more
    })
    return entries
  }

  async get(path: string, onProgress: (progress: Progress) => void): Promise<Blob> {
    let file: Blob | undefined
    await this.#call((call) => ({ kind: 'get', call, path }), (message) => {
      if (message.kind === 'progress') onProgress(message)
      if (message.kind === 'file') file = message.file
      return file !== undefined
    })
    return file as Blob
  }

  put(path: string, file: File, replace: boolean, onProgress: (progress: Progress) => void): Promise<void> {
    return this.#call((call) => ({ kind: 'put', call, path, file, replace }), (message) => {
      if (message.kind === 'progress') onProgress(message)
      return message.kind === 'stored'
    })
  }

  // A shell lives until it exits or is closed; `onOutput` resolves when the terminal has taken the bytes.
  shell(size: { cols: number; rows: number }, onOutput: (data: Uint8Array) => Promise<void>, onExit: (text: string) => void) {
    const call = ++this.#last
    this.#calls.set(call, {
      take: (message) => {
        if (message.kind === 'shell-output') void onOutput(message.data).then(() => this.send({ kind: 'shell-taken', call, bytes: message.data.length }))
        if (message.kind === 'shell-exit') onExit(`The shell ended with code ${message.code}.`)
      },
      fail: (error) => onExit(error.message),
    })
    this.send({ kind: 'shell', call, ...size })
    return {
      write: (data: Uint8Array<ArrayBuffer>) => this.send({ kind: 'shell-data', call, data }),
      resize: (cols: number, rows: number) => this.send({ kind: 'shell-size', call, cols, rows }),
      close: () => { this.send({ kind: 'shell-close', call }); this.#calls.delete(call) },
    }
  }

  #call(message: (call: number) => ToWorker, done: (message: ToPage) => boolean): Promise<void> {
    const call = ++this.#last
    return new Promise((resolve, reject) => {
      this.#calls.set(call, {
        take: (answer) => {
          if (!done(answer)) return
          this.#calls.delete(call)
          resolve()
        },
        fail: reject,
      })
      this.send(message(call))
    })
  }

  #take(message: ToPage): void {
    switch (message.kind) {
      case 'stage':
        this.paused.value = ''
        this.stage.value = { stage: message.stage, text: message.text ?? '', ...(message.until === undefined ? {} : { until: message.until }) }
        if (message.stage === 'over') this.#failAll(message.text ?? 'The session is over.')
        break
      case 'again':
        this.stage.value = { stage: 'calling', text: 'The connection was lost. Calling again' }
        this.#failAll('The connection was lost.')
        this.onAgain()
        break
      case 'opened':
        this.opened.value = message.opened
        this.onOpened()
        break
      case 'display': this.display.value = { width: message.width, height: message.height }; break
      case 'paused': this.paused.value = message.text; break
      case 'painted': this.painted.value = true; break
      case 'cursor': this.cursor.value = message.css; break
      case 'latency': this.latency.value = message.ms; break
      case 'clipboard': this.onClipboard(message.text); break
      case 'revocations': this.onRevocations(message.envelopes); break
      case 'failed':
        this.#calls.get(message.call)?.fail(new Error(message.text))
        this.#calls.delete(message.call)
        break
      default: this.#calls.get(message.call)?.take(message)
    }
  }

  #failAll(text: string): void {
    for (const waiting of this.#calls.values()) waiting.fail(new Error(text))
    this.#calls.clear()
  }
}
