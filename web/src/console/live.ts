// The console's socket: hints of what changed. It reconnects with backoff and jitter for as long as the page lives.
import type { ConsoleEvent } from '../api/types'
import { type Nonce, type OrgId, proveSocket } from '../trust'
import { type Service, socketSigner } from './signin'

const FIRST_MS = 500
const LAST_MS = 30_000

interface Handlers {
  onEvent(event: ConsoleEvent): void
  onStatus(status: 'connecting' | 'live' | 'offline'): void
  onReady(): void
  onTrouble(error: unknown): void
}

export class Live {
  #socket: WebSocket | undefined
  #stopped = true
  #delay = FIRST_MS
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(
    readonly service: Service,
    readonly handlers: Handlers,
  ) {}

  start(): void {
    this.#stopped = false
    this.#connect()
  }

  stop(): void {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#socket?.close()
  }

  #connect(): void {
    this.handlers.onStatus('connecting')
    const socket = new WebSocket(`${this.service.server.replace(/^http/, 'ws')}/v1/console`)
    this.#socket = socket
    socket.onmessage = (message: MessageEvent<string>) => {
      this.#take(socket, JSON.parse(message.data) as ConsoleEvent).catch((error: unknown) => {
        this.handlers.onTrouble(error)
        socket.close()
      })
    }
    socket.onclose = () => this.#again()
  }

  async #take(socket: WebSocket, event: ConsoleEvent): Promise<void> {
    if ('hello' in event) {
      const { identity } = this.service
      const signer = socketSigner(await this.service.requestKey())
      const proof = await proveSocket({ server: identity.server, org: identity.org as OrgId, purpose: 'console', nonce: event.hello.nonce as Nonce, at: Date.now() }, signer)
      socket.send(JSON.stringify({ proof: proof.text() }))
    } else if ('ready' in event) {
      this.#delay = FIRST_MS
      this.handlers.onStatus('live')
      this.handlers.onReady()
    } else if ('error' in event) {
      await this.service.forget()
    } else {
      this.handlers.onEvent(event)
    }
  }

  #again(): void {
    if (this.#stopped) return
    this.handlers.onStatus('offline')
    this.#timer = setTimeout(() => this.#connect(), this.#delay * (0.5 + Math.random()))
    this.#delay = Math.min(this.#delay * 2, LAST_MS)
  }
}
