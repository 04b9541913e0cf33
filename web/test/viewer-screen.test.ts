import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'

import { createDecoder } from '../src/viewer/decoder'
import { parseDeviceMessage, ScreenError, ackMessage, helloMessage, needEpochMessage, qualityMessage } from '../src/viewer/screen-message'

interface Vectors {
  device_messages: { name: string; hex: string }[]
  viewer_messages: { name: string; hex: string }[]
  refused: { name: string; hex: string; why: string }[]
  session: { hex: string; epoch?: number; frame?: number; width?: number; height?: number; picture_check?: number }[]
  hostile_sessions: { name: string; messages: string[]; why: string }[]
}

const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/screen.json', import.meta.url), 'utf8'),
) as Vectors

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex, 'hex'))
}

/** FNV-1a over R, G, B of every pixel. */
function check(rgba: Uint8ClampedArray): number {
  let hash = 0x811c9dc5
  rgba.forEach((byte, index) => {
    if (index % 4 !== 3) hash = Math.imul(hash ^ byte, 0x01000193)
  })
  return hash >>> 0
}

describe('messages of the device', () => {
  it.each(vectors.refused)('refuses $name', ({ hex }) => {
    expect(() => parseDeviceMessage(bytes(hex))).toThrow(ScreenError)
  })

  it('reads each kind as it was written', () => {
    const read = Object.fromEntries(
      vectors.device_messages.map(({ name, hex }) => [name, parseDeviceMessage(bytes(hex))]),
    )
    const rect = { x: 1, y: 2, width: 3, height: 4 }
    expect(read).toMatchObject({
      hello: { kind: 'hello', version: 1, features: 3 },
      display: {
        width: 1920,
        height: 1080,
        scalePercent: 125,
        outputs: [{ rect: { x: 0, y: 0, width: 1920, height: 1080 }, primary: true, name: 'HDMI-1 ß' }],
      },
      epoch: { number: 7, windowLog: 24 },
      rects: { rects: [rect, { x: 0, y: 0, width: 65_535, height: 1 }], data: Uint8Array.of(9, 8, 7) },
      'more of a stream': { kind: 'rects', rects: [], data: Uint8Array.of(6) },
      copy: { from: rect, x: 500, y: 600 },
      jpeg: { rect, data: Uint8Array.of(0xff, 0xd8) },
      'video open': { stream: 1, codec: 2, rect },
      'video frame': { stream: 1, key: true, more: true, timeMs: 70_000, data: Uint8Array.of(1) },
      'video close': { stream: 1 },
      'cursor shape': { shape: { width: 2, height: 1, hotX: 1, hotY: 0, rgba: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) } },
      'hidden cursor': { shape: { width: 0, height: 0 } },
      'cursor position': { x: 1919, y: 1079 },
      'frame end': { frame: 4_294_967_295 },
    })
  })
})

describe('messages to the device', () => {
  it('are written as Rust writes them', () => {
    const written = [helloMessage(), ackMessage(7, 70_000), needEpochMessage(), qualityMessage('fluent', 5_000)]
    const hex = written.map((message) => Buffer.from(message).toString('hex'))
    expect(hex).toEqual(vectors.viewer_messages.map((message) => message.hex))
  })
})

describe('a decoder', () => {
  it('paints the recorded session pixel by pixel', () => {
    const decoder = createDecoder()
    let frames = 0
    for (const step of vectors.session) {
      const painted = decoder.apply(bytes(step.hex))
      expect(painted !== undefined).toBe(step.picture_check !== undefined)
      if (painted === undefined) continue
      frames += 1
      const { width, height, rgba } = decoder.pixels()
      expect({ epoch: painted.epoch, frame: painted.frame, width, height, picture_check: check(rgba) }).toEqual({
        epoch: step.epoch,
        frame: step.frame,
        width: step.width,
        height: step.height,
        picture_check: step.picture_check,
      })
    }
    expect(frames).toBeGreaterThanOrEqual(6)
    expect(decoder.cursor()).toMatchObject({ width: 1, height: 1 })
    expect(decoder.cursorPosition()).toEqual({ x: 50, y: 60 })
  })

  it('names every changed pixel in the areas of an update', () => {
    const decoder = createDecoder()
    let before: Uint8ClampedArray | undefined
    for (const step of vectors.session) {
      const painted = decoder.apply(bytes(step.hex))
      if (painted === undefined) continue
      const { width, rgba } = decoder.pixels()
      if (before?.length === rgba.length) {
        for (let at = 0; at < rgba.length; at += 1) {
          const x = (at >> 2) % width
          const y = Math.floor((at >> 2) / width)
          const inside = painted.areas.some((a) => x >= a.x && x < a.x + a.width && y >= a.y && y < a.y + a.height)
          if (!inside && rgba[at] !== before[at]) expect.fail(`pixel ${x}, ${y} changed outside of the areas`)
        }
      }
      before = rgba.slice()
    }
  })

  it('takes a stream that is cut anywhere', () => {
    const whole = createDecoder()
    const cut = createDecoder()
    for (const { hex } of vectors.session) {
      const message = bytes(hex)
      whole.apply(message)
      const headerBytes = message[0] === 4 ? 3 + 8 * ((message[1] ?? 0) * 256 + (message[2] ?? 0)) : message.length
      cut.apply(message.subarray(0, headerBytes))
      for (let at = headerBytes; at < message.length; at += 1) {
        cut.apply(Uint8Array.of(4, 0, 0, ...message.subarray(at, at + 1)))
      }
    }
    expect(check(cut.pixels().rgba)).toBe(check(whole.pixels().rgba))
  })

  it.each(vectors.hostile_sessions)('refuses $name', ({ messages, why }) => {
    const decoder = createDecoder()
    const last = messages.pop() ?? ''
    for (const message of messages) decoder.apply(bytes(message))
    expect(() => decoder.apply(bytes(last))).toThrow(ScreenError)
    expect(why).not.toBe('')
  })

  it('skips everything after an error until the next epoch', () => {
    const decoder = createDecoder()
    for (const hex of ['010100', '0200080008006400', '030000000114', '0c00000001']) decoder.apply(bytes(hex))
    expect(() => decoder.apply(bytes('0400010009000900090009'))).toThrow(ScreenError)
    expect(decoder.apply(bytes('0c00000002'))).toBeUndefined()
    decoder.apply(bytes('030000000214'))
    expect(decoder.apply(bytes('0c00000001'))).toMatchObject({ epoch: 2, frame: 1 })
  })

  it('survives any change of a recorded session', () => {
    let seed = 1
    const random = (below: number): number => {
      seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0
      return (seed >>> 8) % below
    }
    let refusals = 0
    for (let round = 0; round < 40; round += 1) {
      const decoder = createDecoder()
      const broken = random(vectors.session.length)
      vectors.session.forEach(({ hex }, index) => {
        const message = bytes(hex)
        if (index === broken) message[random(message.length)] = random(256)
        // A changed display may be as large as the bounds allow, which is slow, not wrong.
        if (index === broken && message[0] === 2) return
        try {
          decoder.apply(message)
        } catch (error) {
          expect(error).toBeInstanceOf(ScreenError)
          refusals += 1
        }
      })
    }
    expect(refusals).toBeGreaterThan(5)
  }, 30_000)
})
