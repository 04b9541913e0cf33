/** Key combinations that a browser or its desktop keeps for itself, as input messages. */

import { keyMessage, type Message } from './input-message'
import { keysymOf } from './keysyms'

const LEFT = 1

/** By their usual names, in the order in which the keys go down. */
export const COMBINATIONS: readonly (readonly string[])[] = [
  ['Control', 'Alt', 'Delete'],
  ['Alt', 'Tab'],
  ['Alt', 'F4'],
  ['Meta'],
  ['Control', 'Escape'],
  ['Control', 'w'],
  ['Control', 't'],
  ['Control', 'n'],
  ['Control', 'Alt', 't'],
  ['Alt', 'F2'],
  ['F11'],
  ['PrintScreen'],
]

const LABELS: Readonly<Record<string, string>> = { Control: 'Ctrl', Meta: 'Super', Escape: 'Esc', Delete: 'Del', PrintScreen: 'Print' }

/** What is printed on the keys. */
export function combinationLabel(keys: readonly string[]): string {
  return keys.map((key) => LABELS[key] ?? (key.length === 1 ? key.toUpperCase() : key)).join('+')
}

/** Presses the keys one after the other and lets them go in the opposite order. */
export function combinationMessages(keys: readonly string[]): Message[] {
  const symbols = keys.map((key) => keysymOf({ key, location: LEFT })).filter((symbol) => symbol !== undefined)
  return [...symbols.map((symbol) => keyMessage(symbol, true)), ...symbols.reverse().map((symbol) => keyMessage(symbol, false))]
}
