// The vectors that the Rust side writes: handshakes, frames, messages.

import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { type Bytes, type KeyId, type OrgId, bytesOf, toB64u } from '../src/trust/bytes'
import { encodeChat, parseChat } from '../src/session/chat'
import { encodeClipboard, parseClipboard } from '../src/session/clipboard'
import { encodeToDevice, encodeToTechnician, parseToDevice, parseToTechnician } from '../src/session/control'
import { ChannelError } from '../src/session/error'
import { encodeFilesReply, encodeFilesRequest, parseFilesReply, parseFilesRequest } from '../src/session/files'
import { STREAMS, type Stream, parseFrame, writeFrame } from '../src/session/frame'
import { encodeInput, parseInput } from '../src/session/input'
import * as limits from '../src/session/limits'
import { MESSAGE_BYTES_MAX, WINDOW_BYTES } from '../src/session/limits'
import { kemPairOf } from '../src/session/kem'
import { type Binding, type Secured, SUITE, initiateWith } from '../src/session/noise'
import { encodeShellReply, encodeShellRequest, parseShellReply, parseShellRequest } from '../src/session/shell'
import { answer, noiseKeyOf } from './session-device'

interface HandshakeVector {
  name: string
  mode: 'enrolled' | 'joined'
  pake_key: string | null
  transport: { from: 'technician' | 'device'; plain: string; sealed: string }[]
  [field: string]: unknown
}

interface MessageVector {
  why?: string
  to: 'device' | 'technician'
  stream: Stream
  bytes: string
}

const load = (name: string) => JSON.parse(readFileSync(new URL(`../../vectors/${name}`, import.meta.url), 'utf8'))
const handshakes: { suite: string; handshakes: HandshakeVector[] } = load('handshake.json')
const frames: {
  limits: Record<string, number>
  streams: Record<Stream, { number: number; message_bytes_max: number; window_bytes: number }>
  frames: { bytes: string; stream: Stream; id: number; more: boolean; end: boolean; payload: string }[]
  refused_frames: { why: string; bytes: string }[]
  messages: MessageVector[]
  refused_messages: MessageVector[]
} = load('frames.json')

/** Hexadecimal; a long run at the end is written short, as in `0100 ab*65515`. */
function unhex(text: string): Bytes {
  const [digits = '', run] = text.split(' ')
  const [byte, times] = run?.split('*') ?? ['00', '0']
  const head = (digits.match(/../g) ?? []).map((pair) => parseInt(pair, 16))
  const out = new Uint8Array(head.length + Number(times)).fill(parseInt(byte ?? '', 16))
  out.set(head)
  return out
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

async function actors(vector: HandshakeVector) {
  const field = (name: string) => unhex(String(vector[name]))
  const keyOf = async (privateBytes: Bytes) => {
    // the vector states public keys of the static keys only: the ephemeral ones stand in the messages
    const publicKey = {
      [String(vector['technician_private'])]: field('technician_public'),
      [String(vector['device_private'])]: field('device_public'),
      [String(vector['technician_ephemeral'])]: field('message_1').slice(0, 32),
      [String(vector['device_ephemeral'])]: field('message_2').slice(1088, 1120),
    }[hexOf(privateBytes)]
    return noiseKeyOf(privateBytes, publicKey ?? new Uint8Array(32))
  }
  const binding: Binding = {
    mode: vector.pake_key === null ? 'enrolled' : { pakeKey: unhex(vector.pake_key) },
    org: toB64u(field('org')) as OrgId,
    device: toB64u(field('device')) as KeyId,
  }
  const initiator = await initiateWith(
    binding,
    await keyOf(field('technician_private')),
    field('device_public'),
    await keyOf(field('technician_ephemeral')),
    kemPairOf(field('encapsulation_key'), field('decapsulation_key')),
  )
  const responder = await answer(
    binding,
    await keyOf(field('device_private')),
    await keyOf(field('device_ephemeral')),
    field('message_1'),
    () => ({ cipherText: field('ciphertext'), sharedSecret: field('shared_secret') }),
  )
  return { initiator, responder, field }
}

async function transportHolds(vector: HandshakeVector, technician: Secured, device: Secured) {
  for (const { from, plain, sealed } of vector.transport) {
    const [sender, receiver] = from === 'technician' ? [technician, device] : [device, technician]
    expect(hexOf(await sender.sealer.seal(unhex(plain)))).toBe(hexOf(unhex(sealed)))
    expect(hexOf(await receiver.opener.open(unhex(sealed)))).toBe(hexOf(unhex(plain)))
  }
}

describe('vectors/handshake.json', () => {
  it('is of the one suite', () => {
    expect(handshakes.suite).toBe(SUITE)
    expect(handshakes.handshakes.length).toBeGreaterThan(2)
  })

  for (const vector of handshakes.handshakes) {
    it(`holds for ${vector.name}`, async () => {
      const { initiator, responder, field } = await actors(vector)
      expect(hexOf(initiator.message)).toBe(vector['message_1'])
      expect(hexOf(responder.answer)).toBe(vector['message_2'])
      const secured = await initiator.finish(field('message_2'))
      expect(hexOf(bytesOf(secured.channel))).toBe(vector['channel'])
      expect(secured.channel).toBe(responder.secured.channel)
      await transportHolds(vector, secured, responder.secured)
    })

    it(`refuses a changed answer to ${vector.name}`, async () => {
      for (const at of [0, 1087, 1088, 1135]) {
        const { initiator, field } = await actors(vector)
        const changed = field('message_2')
        changed[at] = changed[at]! ^ 4
        await expect(initiator.finish(changed)).rejects.toThrow('does not open')
      }
    })
  }
})

describe('vectors/frames.json', () => {
  it('both ends have the same bounds', () => {
    for (const [name, bound] of Object.entries(frames.limits)) {
      expect([name, (limits as unknown as Record<string, number>)[name]]).toEqual([name, bound])
    }
    for (const [number, stream] of STREAMS.entries()) {
      const ours = { number, message_bytes_max: MESSAGE_BYTES_MAX[stream], window_bytes: WINDOW_BYTES[stream] }
      expect([stream, ours]).toEqual([stream, frames.streams[stream]])
    }
    expect(Object.keys(frames.streams)).toHaveLength(STREAMS.length)
  })

  it('frames mean what they say', () => {
    for (const { bytes, payload, ...meant } of frames.frames) {
      const frame = parseFrame(unhex(bytes))
      expect({ ...frame, payload: hexOf(frame.payload) }).toEqual({ ...meant, payload: hexOf(unhex(payload)) })
      expect(hexOf(writeFrame(frame))).toBe(hexOf(unhex(bytes)))
    }
    expect(frames.frames.length).toBeGreaterThan(5)
  })

  for (const { why, bytes } of frames.refused_frames) {
    it(`refuses ${why}`, () => {
      expect(() => parseFrame(unhex(bytes))).toThrow(ChannelError)
    })
  }

  for (const vector of frames.messages) {
    it(`reads and writes ${vector.stream} to the ${vector.to}: ${vector.bytes.slice(0, 60)}`, () => {
      const bytes = unhex(vector.bytes)
      expect(hexOf(writtenAgain(vector, bytes))).toBe(hexOf(bytes))
    })
  }

  for (const vector of frames.refused_messages) {
    it(`refuses on ${vector.stream} to the ${vector.to}: ${vector.why}`, () => {
      expect(() => writtenAgain(vector, unhex(vector.bytes))).toThrow(ChannelError)
    })
  }
})

function writtenAgain({ stream, to }: MessageVector, bytes: Bytes): Bytes {
  const isToDevice = to === 'device'
  switch (stream) {
    case 'control':
      return isToDevice ? encodeToDevice(parseToDevice(bytes)) : encodeToTechnician(parseToTechnician(bytes))
    case 'input':
      if (!isToDevice) throw new ChannelError('message', 'a device has no keys to press')
      return encodeInput(parseInput(bytes))
    case 'clipboard':
      return encodeClipboard(parseClipboard(bytes))
    case 'chat':
      return encodeChat(parseChat(bytes))
    case 'files':
      return isToDevice ? encodeFilesRequest(parseFilesRequest(bytes)) : encodeFilesReply(parseFilesReply(bytes))
    case 'shell':
      return isToDevice ? encodeShellRequest(parseShellRequest(bytes)) : encodeShellReply(parseShellReply(bytes))
    case 'screen':
      return bytes
  }
}
