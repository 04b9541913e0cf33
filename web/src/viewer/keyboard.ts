/**
 * The technician's keyboard: DOM events to input messages.
 *
 * It listens to a text area, because only there do input methods and dead keys compose. Keys that
 * give a symbol are sent as keys; what was composed arrives in the text area and is sent as text.
 */

import { keyMessage, releaseAllMessage, textMessages, type Message } from './input-message'
import { keysymOf, keysymOfCharacter } from './keysyms'

/** What the keyboard needs of a `<textarea>`. */
export interface TextTarget extends EventTarget {
  value: string
}

/** Whose habits the local keyboard has. */
export type Platform = 'windows' | 'mac' | 'other'

type KeyEvent = Pick<
  KeyboardEvent,
  'key' | 'code' | 'location' | 'isComposing' | 'ctrlKey' | 'altKey' | 'metaKey' | 'preventDefault'
>

const ALT_GRAPH = 0xfe03
const CONTROL_LEFT = 0xffe3
/** Windows sends the left Control right before AltGr; so much later it was a Control. */
const ALT_GRAPH_DELAY_MS = 30
const COMPOSING = new Set(['Process', 'Dead', 'Unidentified', 'Compose'])
/** Their effect is in the symbols already; on the device they would act a second time. */
const LOCKS = new Set(['CapsLock', 'NumLock', 'ScrollLock'])

/** Starts to listen; gives a function that stops it and releases everything. */
export function bindKeyboard(
  target: TextTarget,
  send: (message: Message) => void,
  platform: Platform = localPlatform(),
): () => void {
  const keyboard = new Keyboard(target, send, platform)
  return () => keyboard.detach()
}

class Keyboard {
  readonly #target: TextTarget
  readonly #send: (message: Message) => void
  readonly #platform: Platform
  readonly #listeners = new AbortController()
  /** Symbols that are down, by physical key. */
  readonly #held = new Map<string, number>()
  #controlWaits: ReturnType<typeof setTimeout> | undefined

  constructor(target: TextTarget, send: (message: Message) => void, platform: Platform) {
    this.#target = target
    this.#send = send
    this.#platform = platform
    this.#listen('keydown', (event) => this.#keyDown(event as KeyboardEvent))
    this.#listen('keyup', (event) => this.#keyUp(event as KeyboardEvent))
    this.#listen('compositionend', () => this.#takeText())
    this.#listen('input', (event) => {
      if (!(event as InputEvent).isComposing) this.#takeText()
    })
    this.#listen('blur', () => this.#releaseAll())
  }

  detach(): void {
    this.#listeners.abort()
    this.#releaseAll()
  }

  #flush(): void {
    if (this.#controlWaits === undefined) return
    clearTimeout(this.#controlWaits)
    this.#controlWaits = undefined
    this.#press('ControlLeft', CONTROL_LEFT)
  }

  #releaseAll(): void {
    clearTimeout(this.#controlWaits)
    this.#controlWaits = undefined
    this.#held.clear()
    this.#send(releaseAllMessage())
  }

  #listen(type: string, listener: (event: Event) => void): void {
    this.#target.addEventListener(type, listener, { signal: this.#listeners.signal })
  }

  #keyDown(event: KeyEvent): void {
    if (event.isComposing || COMPOSING.has(event.key)) return
    if (LOCKS.has(event.key)) return
    if (this.#isAltGraphControl(event)) return
    const keysym = this.#keysym(event)
    if (keysym === undefined) return
    event.preventDefault()
    if (keysym === ALT_GRAPH) this.#dropWaitingControl()
    this.#flush()
    this.#press(physicalKey(event), keysym)
  }

  #keyUp(event: KeyEvent): void {
    this.#flush()
    const key = physicalKey(event)
    const keysym = this.#held.get(key)
    if (keysym !== undefined) {
      event.preventDefault()
      this.#held.delete(key)
      this.#send(keyMessage(keysym, false))
    }
    // A Mac tells nothing of keys that go up while Command is down.
    if (this.#platform === 'mac' && event.key === 'Meta') this.#releaseTextKeys()
  }

  #keysym(event: KeyEvent): number | undefined {
    if (this.#platform === 'mac' && event.key === 'Alt') return ALT_GRAPH
    const latin = /^Key([A-Z])$/.exec(event.code)?.[1]
    const isShortcut = (event.ctrlKey && !event.altKey) || event.metaKey
    const isForeign = [...event.key].length === 1 && event.key > '~'
    if (latin !== undefined && isShortcut && isForeign) return keysymOfCharacter(latin.toLowerCase())
    return keysymOf(event)
  }

  #press(key: string, keysym: number): void {
    const before = this.#held.get(key)
    if (before !== undefined && before !== keysym) this.#send(keyMessage(before, false))
    this.#held.set(key, keysym)
    this.#send(keyMessage(keysym, true))
  }

  /** Holds the left Control back until it is known not to be the first half of AltGr. */
  #isAltGraphControl(event: KeyEvent): boolean {
    const isOurs = this.#platform === 'windows' && event.code === 'ControlLeft'
    if (!isOurs || this.#held.has('ControlLeft')) return false
    event.preventDefault()
    this.#controlWaits ??= setTimeout(() => this.#flush(), ALT_GRAPH_DELAY_MS)
    return true
  }

  #dropWaitingControl(): void {
    clearTimeout(this.#controlWaits)
    this.#controlWaits = undefined
  }

  #releaseTextKeys(): void {
    for (const [key, keysym] of this.#held) {
      if (keysym >= 0xffe1 && keysym <= 0xffee) continue
      this.#held.delete(key)
      this.#send(keyMessage(keysym, false))
    }
  }

  #takeText(): void {
    const text = this.#target.value
    this.#target.value = ''
    for (const message of textMessages(text)) this.#send(message)
  }
}

/** Keys of some on-screen keyboards have no code. */
function physicalKey(event: KeyEvent): string {
  return event.code === '' ? `key ${event.key}` : event.code
}

function localPlatform(): Platform {
  const { userAgent } = navigator
  if (userAgent.includes('Windows')) return 'windows'
  return userAgent.includes('Mac OS') ? 'mac' : 'other'
}
