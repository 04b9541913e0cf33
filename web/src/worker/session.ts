// The session's worker: socket, Noise, decoding and painting in one place, so that nothing waits for the page.
import { Channel, type ChannelEvent, type Credit, type End, encodeClipboard, encodeShellRequest, type ShellReply, type Piece } from '../session'
import { bytesOf, type KeyId, type OrgId, type X25519Public } from '../trust'
import { createScreen, practise, type Screen } from '../viewer'
import type { Start, ToPage, ToWorker } from './messages'
import { joinRelay } from './relay'
import { Transfers } from './transfers'

const PING_EVERY_MS = 2000

const tell = (message: ToPage, transfer: Transferable[] = []): void => postMessage(message, { transfer })
const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error))

let canvas: OffscreenCanvas | undefined
let session: Session | undefined

class Session {
  #channel: Channel | undefined
  #screen: Screen | undefined
  #transfers: Transfers | undefined
  #painted = false
  #opened = false
  #ping: ReturnType<typeof setInterval> | undefined
  #pinged = 0
  readonly #shells = new Map<number, { call: number; credits: Credit[] }>()

  constructor(
    readonly start: Start,
    readonly canvas: OffscreenCanvas,
  ) {}

  async run(): Promise<void> {
    const { start } = this
    const relay = await joinRelay(start)
    tell({ kind: 'stage', stage: 'securing' })
    const channel = await Channel.call({
      binding: { mode: 'enrolled', org: start.org as OrgId, device: start.device.keyid as KeyId },
      key: start.noise,
      device: bytesOf(start.device.noise as X25519Public),
      transport: relay,
      onEvent: (event) => this.#take(event),
    })
    this.#channel = channel
    this.#transfers = new Transfers(channel, tell)
    relay.onMessage = (bytes) => channel.receive(bytes)
    relay.onClose = () => channel.lost()
  }

  #take(event: ChannelEvent): void {
    switch (event.kind) {
      case 'head': return this.#ask(event.head.size)
      case 'revocations': return tell({ kind: 'revocations', envelopes: [...event.envelopes] })
      case 'asking': return tell({ kind: 'stage', stage: 'asking', until: event.until })
      case 'opened':
        this.#opened = true
        tell({ kind: 'opened', opened: event.opened as never })
        tell({ kind: 'stage', stage: 'open' })
        if (event.opened.scopes.includes('view') && event.opened.display.state === 'ready') this.#show()
        this.#ping = setInterval(() => this.#measure(), PING_EVERY_MS)
        return this.#measure()
      case 'paused': return tell({ kind: 'paused', text: event.text })
      case 'resumed': return tell({ kind: 'paused', text: '' })
      case 'message': return this.#message(event)
      case 'pong': return tell({ kind: 'latency', ms: performance.now() - this.#pinged })
      case 'room': return event.stream === 'files' ? this.#transfers?.room(event.id) : undefined
      case 'over': return this.#over(event.end)
      default: return undefined
    }
  }

  // Revocations that the device may lack go before the warrant, so that it judges by everything that is known here.
  #ask(deviceSize: number): void {
    tell({ kind: 'stage', stage: 'judging' })
    const lacking = this.start.revocations.filter((r) => r.from >= deviceSize).map((r) => r.envelope)
    if (lacking.length > 0) this.#channel?.revocations(lacking)
    this.#channel?.open(this.start.warrant, this.start.counts)
  }

  #show(): void {
    this.#screen = createScreen(this.canvas, {
      send: (message) => this.#channel?.send('screen', 0, message),
      onDisplay: ({ width, height }) => tell({ kind: 'display', width, height }),
      onCursor: (css) => tell({ kind: 'cursor', css }),
      onCursorPosition: () => undefined,
      onPainted: () => {
        if (this.#painted) return
        this.#painted = true
        tell({ kind: 'painted', first: true, at: performance.timeOrigin + performance.now() })
      },
      onFailure: (why) => tell({ kind: 'stage', stage: 'over', text: why }),
    })
  }

  #message(event: Extract<ChannelEvent, { kind: 'message' }>): void {
    if (event.stream === 'screen') this.#screen?.receive(event.message)
    else if (event.stream === 'files') return this.#transfers?.take(event.id, event.message, event.end, event.credit)
    else if (event.stream === 'shell') return this.#shell(event.id, event.message, event.credit)
    else if (event.stream === 'clipboard') this.#clipboard(event.message)
    return this.#channel?.consumed(event.credit)
  }

  #clipboard(message: Extract<ChannelEvent, { stream: 'clipboard' }>['message']): void {
    if ('offer' in message) this.#channel?.send('clipboard', 0, encodeClipboard({ get: {} }))
    if ('set' in message) tell({ kind: 'clipboard', text: message.set.text })
  }

  #shell(id: number, piece: Piece<ShellReply>, credit: Credit): void {
    const shell = this.#shells.get(id)
    if (shell && 'data' in piece) {
      shell.credits.push(credit)
      return tell({ kind: 'shell-output', call: shell.call, data: piece.data })
    }
    this.#channel?.consumed(credit)
    if (!shell || !('head' in piece)) return
    if ('started' in piece.head) tell({ kind: 'shell-started', call: shell.call })
    if ('exit' in piece.head) tell({ kind: 'shell-exit', call: shell.call, code: piece.head.exit.code })
    if ('failed' in piece.head) tell({ kind: 'failed', call: shell.call, text: piece.head.failed.text })
  }

  act(message: ToWorker): void {
    const channel = this.#channel
    if (!channel || channel.isOver) return
    switch (message.kind) {
      case 'input': return channel.send('input', 0, message.message)
      case 'clipboard': return channel.send('clipboard', 0, encodeClipboard({ set: { text: message.text } }))
      case 'list': return this.#transfers?.list(message.call, message.path)
      case 'get': return this.#transfers?.get(message.call, message.path)
      case 'put': return this.#transfers?.put(message.call, message.path, message.file, message.replace)
      case 'cancel': return this.#transfers?.cancel(message.call)
      case 'revocations': return channel.revocations(message.envelopes)
      case 'bye': return channel.bye()
      default: return this.#actOnShell(channel, message)
    }
  }

  #actOnShell(channel: Channel, message: ToWorker): void {
    if (message.kind === 'shell') {
      const id = channel.nextId('shell')
      this.#shells.set(id, { call: message.call, credits: [] })
      const open = { cols: message.cols, rows: message.rows, term: 'xterm-256color' }
      return channel.send('shell', id, encodeShellRequest({ head: { open } }))
    }
    const found = 'call' in message ? [...this.#shells].find(([, s]) => s.call === message.call) : undefined
    if (!found) return
    const [id, shell] = found
    if (message.kind === 'shell-data') channel.send('shell', id, encodeShellRequest({ data: message.data }))
    if (message.kind === 'shell-size') channel.send('shell', id, encodeShellRequest({ head: { resize: { cols: message.cols, rows: message.rows } } }))
    if (message.kind === 'shell-taken') {
      const credit = shell.credits.shift()
      if (credit) channel.consumed(credit)
    }
    if (message.kind === 'shell-close') {
      channel.send('shell', id, encodeShellRequest({ head: { signal: { signal: 'hup' } } }), true)
      for (const credit of shell.credits.splice(0)) channel.consumed(credit)
    }
  }

  #measure(): void {
    this.#pinged = performance.now()
    this.#channel?.ping(Math.floor(this.#pinged) >>> 0)
  }

  #over(end: End): void {
    clearInterval(this.#ping)
    if (end.how === 'failed' && end.error.code === 'lost' && this.#opened) return tell({ kind: 'again' })
    const text = end.how === 'bye' ? 'You ended it.' : end.how === 'failed' ? end.error.message : end.text
    return tell({ kind: 'stage', stage: 'over', text, ...(end.how === 'refused' || end.how === 'closed' ? { code: end.code } : {}) })
  }
}

onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.kind === 'practise') return practise(() => session !== undefined)
  if (data.kind !== 'start') {
    try {
      session?.act(data)
    } catch (error) {
      if ('call' in data) tell({ kind: 'failed', call: data.call, text: sentence(error) })
    }
    return
  }
  canvas = data.canvas ?? canvas
  if (!canvas) return
  session = new Session(data.start, canvas)
  session.run().catch((error: unknown) => tell({ kind: 'stage', stage: 'over', text: sentence(error) }))
}
