/**
 * Practice for the decoder. A browser runs code that it has not seen often many times slower, and
 * the first picture is the largest of a session: a worker that practises before that has it sooner.
 */

import { createDecoder } from './decoder'
import warmUp from './warm-up.json'

const ROUNDS = 30

/** Decodes a small canned session over and over, one round at a time, until `isDone` or it is well practised. */
export function practise(isDone: () => boolean, later: (next: () => void) => void = (next) => void setTimeout(next)): void {
  const messages = warmUp.messages.map(fromHex)
  let rounds = 0
  const round = (): void => {
    if (isDone() || rounds++ === ROUNDS) return
    const decoder = createDecoder()
    for (const message of messages) decoder.apply(message)
    later(round)
  }
  round()
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16))
}
