/** X11 key symbols (`keysymdef.h`, `XF86keysym.h`) of what a browser calls keys. */

const LEFT_RIGHT: Readonly<Record<string, readonly [left: number, right: number]>> = {
  Alt: [0xffe9, 0xffea],
  Control: [0xffe3, 0xffe4],
  Meta: [0xffeb, 0xffec],
  Shift: [0xffe1, 0xffe2],
}

const NAMED: Readonly<Record<string, number>> = {
  AltGraph: 0xfe03,
  ArrowDown: 0xff54,
  ArrowLeft: 0xff51,
  ArrowRight: 0xff53,
  ArrowUp: 0xff52,
  AudioVolumeDown: 0x1008ff11,
  AudioVolumeMute: 0x1008ff12,
  AudioVolumeUp: 0x1008ff13,
  Backspace: 0xff08,
  BrowserBack: 0x1008ff26,
  BrowserForward: 0x1008ff27,
  BrowserRefresh: 0x1008ff29,
  Clear: 0xff0b,
  ContextMenu: 0xff67,
  Copy: 0x1008ff57,
  Cut: 0x1008ff58,
  Delete: 0xffff,
  End: 0xff57,
  Enter: 0xff0d,
  Escape: 0xff1b,
  Find: 0xff68,
  Help: 0xff6a,
  Home: 0xff50,
  Insert: 0xff63,
  MediaPlayPause: 0x1008ff14,
  MediaStop: 0x1008ff15,
  MediaTrackNext: 0x1008ff17,
  MediaTrackPrevious: 0x1008ff16,
  PageDown: 0xff56,
  PageUp: 0xff55,
  Paste: 0x1008ff6d,
  Pause: 0xff13,
  PrintScreen: 0xff61,
  Redo: 0xff66,
  Tab: 0xff09,
  Undo: 0xff65,
}

const KEYPAD: Readonly<Record<string, number>> = {
  '*': 0xffaa,
  '+': 0xffab,
  ',': 0xffac,
  '-': 0xffad,
  '.': 0xffae,
  '/': 0xffaf,
  '=': 0xffbd,
  Enter: 0xff8d,
}

const RIGHT = 2
const ON_KEYPAD = 3
const F1 = 0xffbe
const FUNCTION_KEYS = 24
const KEYPAD_0 = 0xffb0
const UNICODE = 0x0100_0000

/** What of a KeyboardEvent tells the symbol. */
export interface KeyNames {
  readonly key: string
  readonly location: number
}

/** The symbol of a key, or undefined when it has none (dead keys, locks, unknown names). */
export function keysymOf({ key, location }: KeyNames): number | undefined {
  if (location === ON_KEYPAD) {
    const onKeypad = /^[0-9]$/.test(key) ? KEYPAD_0 + Number(key) : KEYPAD[key]
    if (onKeypad !== undefined) return onKeypad
  }
  if ([...key].length === 1) return keysymOfCharacter(key)
  const sides = LEFT_RIGHT[key]
  if (sides !== undefined) return sides[location === RIGHT ? 1 : 0]
  const number = /^F([0-9]{1,2})$/.exec(key)?.[1]
  if (number !== undefined && Number(number) >= 1 && Number(number) <= FUNCTION_KEYS) {
    return F1 + Number(number) - 1
  }
  return NAMED[key]
}

/** The symbol of one character. */
export function keysymOfCharacter(character: string): number | undefined {
  const point = character.codePointAt(0)
  if (point === undefined) return undefined
  const isLatin = (point >= 0x20 && point <= 0x7e) || (point >= 0xa0 && point <= 0xff)
  return isLatin ? point : UNICODE + point
}
