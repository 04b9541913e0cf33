// Two ends of a channel in memory, with a relay in between that some tests make hostile.

import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Bytes, type KeyId, bytesOf, toB64u, utf8 } from '../src/trust/bytes'
import {
  Channel,
  type ChannelEvent,
  DATA_BYTES_MAX,
  SendError,
  encodeFilesRequest,
  encodeInput,
  generateNoiseKey,
  textInputs,
} from '../src/session'
import { type Frame, type Stream, writeFrame } from '../src/session/frame'
import { HANDSHAKE_MS_MAX, LIVE_IDS_MAX, WINDOW_BYTES } from '../src/session/limits'
import type { NoiseKey } from '../src/session/noise'
import { BINDING, Device, HEAD, Line, OPENED, type Relay } from './session-device'

let technicianKey: NoiseKey
let deviceKey: NoiseKey
beforeAll(async () => {
  ;[technicianKey, deviceKey] = [await generateNoiseKey(), await generateNoiseKey()]
})
afterEach(() => void vi.useRealTimers())

class Pair {
  channel!: Channel
  device!: Device
  toDevice!: Line
  toTechnician!: Line
  readonly events: ChannelEvent[] = []
  #heard: (() => void)[] = []

  static async call(options: { up?: Relay; down?: Relay; binding?: typeof BINDING; isPrompt?: boolean } = {}) {
    const pair = new Pair()
    pair.toTechnician = new Line((bytes) => pair.channel.receive(bytes), options.down)
    pair.toDevice = new Line((bytes) => void pair.device.receive(bytes).catch(() => pair.channel.lost()), options.up)
    const ephemeral = await generateNoiseKey()
    pair.device = new Device(deviceKey, ephemeral, pair.toTechnician, options.binding, options.isPrompt)
    pair.channel = await Channel.call({
      binding: BINDING,
      key: technicianKey,
      device: deviceKey.publicKey,
      transport: pair.toDevice,
      onEvent: (event) => {
        pair.events.push(event)
        for (const wake of pair.#heard.splice(0)) wake()
      },
    })
    return pair
  }

  static async open(options: Parameters<typeof Pair.call>[0] = {}) {
    const pair = await Pair.call(options)
    await pair.event('secured')
    pair.device.say(HEAD)
    await pair.event('head')
    pair.channel.open('{}')
    await pair.device.until(() => pair.device.control.some((m) => 'open' in m))
    pair.device.say(OPENED)
    await pair.event('opened')
    return pair
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((wake) => this.#heard.push(wake))
  }

  async event<K extends ChannelEvent['kind']>(kind: K): Promise<ChannelEvent & { kind: K }> {
    const find = () => this.events.find((event) => event.kind === kind)
    await this.until(() => find() !== undefined)
    return find() as ChannelEvent & { kind: K }
  }

  get messages() {
    return this.events.filter((event) => event.kind === 'message')
  }
}

const failure = async (pair: Pair) => {
  const { end } = await pair.event('over')
  return end.how === 'failed' ? end.error.code : end.how
}

describe('a session', () => {
  it('opens and ends in order', async () => {
    const pair = await Pair.open()
    expect(pair.events.map((event) => event.kind)).toEqual(['secured', 'head', 'opened'])
    expect(pair.events[0]).toEqual({ kind: 'secured', channel: pair.device.channel })
    pair.channel.bye()
    await pair.device.until(() => pair.device.control.some((m) => 'bye' in m))
    expect(pair.events.at(-1)).toEqual({ kind: 'over', end: { how: 'bye' } })
    expect(pair.toDevice.isClosed).toBe(true)
  })

  it('tells asking, refusal and their words', async () => {
    const pair = await Pair.call()
    await pair.event('secured')
    pair.device.say(HEAD)
    await pair.event('head')
    pair.channel.revocations(['r1'])
    pair.channel.open('{"payloadType":".."}', ['c1'], { n: 2, hash: pair.device.channel! })
    await pair.device.until(() => pair.device.control.length === 2)
    expect(pair.device.control[0]).toEqual({ revocations: { envelopes: ['r1'] } })
    pair.device.say({ asking: { until: 1_800_000_000_000 } })
    expect((await pair.event('asking')).until).toBe(1_800_000_000_000)
    pair.device.say({ refused: { code: 'refused', text: 'The person said no.' } })
    const { end } = await pair.event('over')
    expect(end).toEqual({ how: 'refused', code: 'refused', text: 'The person said no.' })
  })

  it('carries input, clipboard and pictures whole and in order', async () => {
    const pair = await Pair.open()
    for (const input of textInputs('ß€é漢😀'.repeat(400))) pair.channel.send('input', 0, encodeInput(input))
    for (let n = 0; n < 200; n++) pair.channel.send('input', 0, encodeInput({ kind: 'pointer', x: n, y: 0, buttons: 0 }))
    await pair.device.until(() => pair.device.messages.length >= 202)
    const xs = pair.device.messages.slice(-200).map(({ bytes }) => (bytes[1]! << 8) | bytes[2]!)
    expect(xs).toEqual(Array.from({ length: 200 }, (_, n) => n))
    const picture = new Uint8Array(1_000_000).map((_, at) => at)
    pair.device.send('screen', 0, picture)
    pair.device.send('clipboard', 0, utf8('{"offer":{"bytes":3}}'))
    await pair.until(() => pair.messages.length === 2)
    const [first, second] = pair.messages
    expect(first?.kind === 'message' && first.stream === 'screen' && Buffer.compare(first.message, picture)).toBe(0)
    expect(second).toMatchObject({ stream: 'clipboard', message: { offer: { bytes: 3 } } })
  })

  it('answers a ping', async () => {
    const pair = await Pair.open()
    pair.channel.ping(7)
    await pair.device.until(() => pair.device.control.some((m) => 'ping' in m))
    pair.device.say({ pong: { nonce: 7 } })
    expect((await pair.event('pong')).nonce).toBe(7)
  })

  it('takes nothing for sending before it is open and after it is over', async () => {
    const pair = await Pair.call()
    const key = encodeInput({ kind: 'release_all' })
    expect(() => pair.channel.send('input', 0, key)).toThrow(SendError)
    expect(() => pair.channel.open('{}')).toThrow(SendError)
    await pair.event('secured')
    pair.channel.bye()
    expect(() => pair.channel.send('input', 0, key)).toThrow(SendError)
    pair.channel.bye()
    expect(pair.events.filter((event) => event.kind === 'over')).toHaveLength(1)
  })

  it('tells a lost connection', async () => {
    const pair = await Pair.open()
    pair.channel.lost()
    expect(await failure(pair)).toBe('lost')
  })

  it('gives up a device that never answers', async () => {
    vi.useFakeTimers()
    const pair = await Pair.call({ up: () => [] })
    await vi.advanceTimersByTimeAsync(HANDSHAKE_MS_MAX - 1)
    expect(pair.channel.isOver).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await failure(pair)).toBe('late')
  })
})

describe('a key', () => {
  it('is not extractable', async () => {
    const key = await generateNoiseKey()
    expect(key.publicKey).toHaveLength(32)
    await expect(crypto.subtle.exportKey('jwk', key.privateKey)).rejects.toThrow()
  })

  it('of small order is refused', async () => {
    const call = { binding: BINDING, key: technicianKey, device: new Uint8Array(32), transport: new Line(() => {}), onEvent() {} }
    await expect(Channel.call(call)).rejects.toThrow('small order')
  })
})

describe('a handshake', () => {
  it('with another device id does not open', async () => {
    const other = { ...BINDING, device: toB64u(new Uint8Array(32).fill(9)) as KeyId }
    const pair = await Pair.call({ binding: other })
    expect(await failure(pair)).toBe('lost')
  })

  it('with a changed answer fails by name', async () => {
    const pair = await Pair.call({ down: (message) => [flipped(message, 5)] })
    expect(await failure(pair)).toBe('handshake')
  })

  it('with an answer of another length fails by name', async () => {
    const pair = await Pair.call({ down: (message) => [message.slice(1)] })
    expect(await failure(pair)).toBe('handshake')
  })
})

function flipped(message: Bytes, at: number): Bytes {
  const out = message.slice()
  out[at] = out[at]! ^ 1
  return out
}

/** A relay that acts once, at the nth message from the device after the opening. */
function once(act: (message: Bytes, held: Bytes[]) => Bytes[]) {
  const state = { armed: -1, held: [] as Bytes[] }
  const relay: Relay = (message, at) => {
    if (state.armed < 0) return [message]
    if (at === state.armed) return act(message, state.held)
    state.held.push(message)
    return [message]
  }
  return { relay, state }
}

describe('a hostile relay', () => {
  const attacks: Record<string, (message: Bytes, held: Bytes[]) => Bytes[]> = {
    'flips a bit': (message) => [flipped(message, 3)],
    'repeats a message': (message, held) => [held[0] ?? message, message],
    'leaves a message out': () => [],
    'cuts a message': (message) => [message.slice(0, -1)],
    'sends noise': (message) => [utf8('noise'), message],
    'sends a message above all bounds': (message) => [new Uint8Array(65_536), message],
  }

  for (const [name, act] of Object.entries(attacks)) {
    it(`that ${name} ends the channel there`, async () => {
      const { relay, state } = once(act)
      const pair = await Pair.open({ down: relay })
      state.armed = pair.toTechnician.sent + 2
      for (let n = 0; n < 5; n++) pair.device.send('chat', 0, utf8(`{"say":{"text":"${n}","at":1}}`))
      expect(await failure(pair)).toBe('tampered')
      expect(pair.messages).toHaveLength(2)
    })
  }

  it('that does nothing lets all pass', async () => {
    const { relay, state } = once((message) => [message])
    const pair = await Pair.open({ down: relay })
    state.armed = pair.toTechnician.sent + 2
    for (let n = 0; n < 5; n++) pair.device.send('chat', 0, utf8(`{"say":{"text":"${n}","at":1}}`))
    await pair.until(() => pair.messages.length === 5)
  })

  it('that reflects a message ends the channel', async () => {
    let reflected: Bytes | undefined
    const pair = await Pair.open({ up: (message) => ((reflected = message), [message]) })
    pair.channel.receive(reflected!)
    expect(await failure(pair)).toBe('tampered')
  })
})

describe('a hostile device', () => {
  const bad = async (act: (device: Device) => void, open = true) => {
    const pair = open ? await Pair.open() : await Pair.call()
    await pair.event('secured')
    act(pair.device)
    return failure(pair)
  }

  it('may not begin a stream before the session is open', async () => {
    expect(await bad((device) => device.send('screen', 0, new Uint8Array(9)), false)).toBe('early')
  })

  it('may not open twice', async () => {
    expect(await bad((device) => device.say(OPENED))).toBe('unexpected')
  })

  it('may not send what is no message', async () => {
    expect(await bad((device) => device.send('control', 0, utf8('{"closed":{"code":"x"}}')))).toBe('message')
    expect(await bad((device) => device.send('input', 0, Uint8Array.of(5)))).toBe('message')
  })

  it('may not speak on an id that the technician did not open', async () => {
    const pair = await Pair.open()
    const frame: Frame = { stream: 'files', id: 1, more: false, end: false, payload: Uint8Array.of(1, 1) }
    expect(() => pair.channel.onFrame(frame)).toThrow('nothing is open')
  })

  it('may not let a message grow beyond its bound', async () => {
    const pair = await Pair.open()
    const piece: Frame = { stream: 'chat', id: 0, more: true, end: false, payload: new Uint8Array(20_000) }
    pair.channel.onFrame(piece)
    expect(() => pair.channel.onFrame(piece)).toThrow('grew beyond')
    expect(writeFrame(piece)).toHaveLength(20_004)
  })

  it('may not send beyond its credit', async () => {
    const pair = await Pair.open()
    const id = pair.channel.nextId('shell')
    pair.channel.send('shell', id, Uint8Array.of(1, 1))
    const frame: Frame = { stream: 'shell', id, more: false, end: false, payload: new Uint8Array(DATA_BYTES_MAX).fill(1) }
    const fill = () => {
      for (let sent = 0; sent <= WINDOW_BYTES.shell; sent += DATA_BYTES_MAX) pair.channel.onFrame(frame)
    }
    expect(fill).toThrow('than it has credit for')
  })
})

describe('flow', () => {
  const put = encodeFilesRequest({ head: { put: { path: 'a', size: 1, replace: false } } })
  const data = encodeFilesRequest({ data: new Uint8Array(DATA_BYTES_MAX) })
  const fill = (pair: Pair, id: number): number => {
    let sent = 0
    for (; pair.channel.room('files', id) >= data.length; sent++) pair.channel.send('files', id, data)
    return sent
  }

  it('lets a key press overtake a file', async () => {
    const pair = await Pair.open()
    pair.channel.send('files', pair.channel.nextId('files'), put)
    const sent = fill(pair, 1)
    pair.channel.send('input', 0, encodeInput({ kind: 'release_all' }))
    await pair.device.until(() => pair.device.messages.length === sent + 2)
    const at = pair.device.messages.findIndex((message) => message.stream === 'input')
    expect(at).toBeLessThan(6)
  })

  it('stops a file that is not consumed, and nothing else', async () => {
    const pair = await Pair.open({ isPrompt: false })
    pair.channel.send('files', 1, put)
    const spent = () => pair.device.messages.reduce((sum, { credit }) => sum + credit.bytes, 0)
    const isStuck = () => spent() > WINDOW_BYTES.files - 2 * DATA_BYTES_MAX
    while (!isStuck()) {
      fill(pair, 1)
      const before = pair.device.messages.length
      await pair.device.until(() => pair.device.messages.length > before)
    }
    fill(pair, 1)
    pair.channel.send('files', 2, put)
    await pair.device.until(() => pair.device.messages.at(-1)?.id === 2)
    expect(spent()).toBeLessThanOrEqual(WINDOW_BYTES.files + put.length + 4)
    const came = pair.device.messages.length
    for (const message of pair.device.messages.slice()) pair.device.consumed(message)
    await pair.device.until(() => pair.device.messages.length > came)
  })

  it('passes a large file both ways when it is consumed', async () => {
    const pair = await Pair.open()
    pair.channel.send('files', 1, put)
    const total = (2 * WINDOW_BYTES.files) / DATA_BYTES_MAX
    const isData = (stream: Stream, bytes: Bytes) => stream === 'files' && bytes[0] === 1
    for (let sent = 0; sent < total; ) {
      while (sent < total && pair.channel.room('files', 1) >= data.length) {
        pair.channel.send('files', 1, data)
        sent++
      }
      const before = pair.device.messages.length
      await pair.device.until(() => pair.device.messages.length > before)
    }
    await pair.device.until(() => pair.device.messages.filter((m) => isData(m.stream, m.bytes)).length === total)
    let consumed = 0
    for (let sent = 0; consumed < total; ) {
      for (; sent < total && sent - consumed < 8; sent++) pair.device.send('files', 1, data, sent === total - 1)
      await pair.until(() => pair.messages.length > consumed)
      for (const event of pair.messages.slice(consumed)) {
        if (event.kind === 'message') pair.channel.consumed(event.credit)
        consumed++
      }
    }
    expect(pair.messages.at(-1)).toMatchObject({ stream: 'files', id: 1, end: true })
  })

  it('refuses a full queue and tells when there is room', async () => {
    const pair = await Pair.open()
    pair.channel.send('files', 1, put)
    const overfill = () => {
      for (;;) pair.channel.send('files', 1, data)
    }
    expect(overfill).toThrow('is full')
    expect(await pair.event('room')).toEqual({ kind: 'room', stream: 'files', id: 1 })
  })

  it('counts ids up and bounds them', async () => {
    const pair = await Pair.open()
    for (let id = 1; id <= LIVE_IDS_MAX; id++) {
      expect(pair.channel.nextId('files')).toBe(id)
      pair.channel.send('files', id, put)
    }
    const send = () => pair.channel.send('files', pair.channel.nextId('files'), put)
    expect(send).toThrow(SendError)
    expect(() => pair.channel.send('files', 0, put)).toThrow('not open')
  })

  it('keeps the order of a thousand frames that are opened at once', async () => {
    const pair = await Pair.open()
    for (let n = 0; n < 1000; n++) pair.device.send('chat', 0, utf8(`{"say":{"text":"x","at":${n}}}`))
    await pair.until(() => pair.messages.length === 1000)
    const order = pair.messages.map((event) => (event.kind === 'message' && event.stream === 'chat' ? event.message.say.at : -1))
    expect(order).toEqual(Array.from({ length: 1000 }, (_, n) => n))
  })
})

it('binds the channel hash to both ends', async () => {
  const [one, two] = [await Pair.open(), await Pair.open()]
  const hash = await one.event('secured')
  expect(bytesOf(hash.channel)).toHaveLength(32)
  expect(hash.channel).not.toBe((await two.event('secured')).channel)
})
