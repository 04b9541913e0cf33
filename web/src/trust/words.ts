/// <reference types="vite/client" />
// Six words that two people can compare aloud: the first 66 bits of a hash, 11 bits a word.
// The list is the English word list of BIP-39 (2048 words, no two alike in their first four letters).

import list from '../../../vectors/words.txt?raw'
import { type Hash, bytesOf } from './bytes'

const WORDS = list.trim().split(/\r?\n/)

/** How many words. */
export const WORD_COUNT = 6

/** The words of a hash, separated by spaces. */
export function wordsOf(hash: Hash): string {
  const bytes = bytesOf(hash)
  const bit = (at: number) => ((bytes[at >> 3] ?? 0) >> (7 - (at % 8))) & 1
  const words: string[] = []
  for (let n = 0; n < WORD_COUNT; n++) {
    let number = 0
    for (let at = n * 11; at < (n + 1) * 11; at++) number = (number << 1) | bit(at)
    words.push(WORDS[number] ?? '')
  }
  return words.join(' ')
}
