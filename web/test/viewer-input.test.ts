import { describe, expect, it, vi } from 'vitest'

import { COMBINATIONS, combinationLabel, combinationMessages } from '../src/viewer/combinations'
import { keyMessage, pointerMessage, releaseAllMessage, textMessages, wheelMessage } from '../src/viewer/input-message'
import { bindKeyboard, type Platform } from '../src/viewer/keyboard'
import { keysymOf } from '../src/viewer/keysyms'
import { deviceButtons, displayPoint, wheelTurn } from '../src/viewer/pointer'

function hex(message: Uint8Array): string {
  return Buffer.from(message).toString('hex')
}

describe('input messages', () => {
  it('have the agreed layout', () => {
    expect(hex(keyMessage(0x01006f22, true))).toBe('010101006f22')
    expect(hex(keyMessage(0x61, false))).toBe('010000000061')
    expect(textMessages('ß€').map(hex)).toEqual(['02c39fe282ac'])
    expect(hex(pointerMessage(1919, 1079, 0b10001))).toBe('03077f043711')
    expect(hex(wheelMessage(-120, 60))).toBe('04ff88003c')
    expect(hex(releaseAllMessage())).toBe('05')
  })

  it('cut long text between characters', () => {
    const messages = textMessages('漢😀'.repeat(2000))
    const decoder = new TextDecoder('utf-8', { fatal: true })
    expect(messages.length).toBeGreaterThan(1)
    for (const message of messages) expect(message.length).toBeLessThanOrEqual(4097)
    expect(messages.map((message) => decoder.decode(message.subarray(1))).join('')).toBe('漢😀'.repeat(2000))
    expect(textMessages('')).toEqual([])
  })
})

describe('key symbols', () => {
  it.each([
    ['a', 0, 0x61],
    ['ß', 0, 0xdf],
    ['€', 0, 0x010020ac],
    ['😀', 0, 0x0101f600],
    ['Enter', 0, 0xff0d],
    ['Enter', 3, 0xff8d],
    ['7', 3, 0xffb7],
    ['Shift', 1, 0xffe1],
    ['Shift', 2, 0xffe2],
    ['AltGraph', 2, 0xfe03],
    ['F1', 0, 0xffbe],
    ['F24', 0, 0xffd5],
    ['F25', 0, undefined],
    ['Dead', 0, undefined],
  ])('%s at %i is %s', (key, location, keysym) => {
    expect(keysymOf({ key, location })).toBe(keysym)
  })
})

class FakeArea extends EventTarget {
  value = ''
}

function bound(platform: Platform) {
  const area = new FakeArea()
  const sent: string[] = []
  const stop = bindKeyboard(area, (message) => sent.push(hex(message)), platform)
  function fire(type: string, fields: Partial<KeyboardEvent> & { isComposing?: boolean } = {}): boolean {
    const event = new Event(type, { cancelable: true })
    const all = { key: '', code: '', location: 0, isComposing: false, ctrlKey: false, altKey: false, metaKey: false }
    for (const [name, value] of Object.entries({ ...all, ...fields })) {
      Object.defineProperty(event, name, { value })
    }
    area.dispatchEvent(event)
    return event.defaultPrevented
  }
  return { area, sent, stop, fire }
}

const down = (keysym: number): string => hex(keyMessage(keysym, true))
const up = (keysym: number): string => hex(keyMessage(keysym, false))
const RELEASE = hex(releaseAllMessage())

describe('combinations', () => {
  it('press in order and let go in the opposite one', () => {
    const [control, alt, del] = [0xffe3, 0xffe9, 0xffff]
    expect(combinationMessages(['Control', 'Alt', 'Delete'])).toEqual([
      keyMessage(control, true), keyMessage(alt, true), keyMessage(del, true),
      keyMessage(del, false), keyMessage(alt, false), keyMessage(control, false),
    ])
  })

  it('are made of keys that all have a symbol', () => {
    for (const keys of COMBINATIONS) expect(combinationMessages(keys)).toHaveLength(2 * keys.length)
  })

  it('are named as the keys are printed', () => {
    expect(combinationLabel(['Control', 'Alt', 'Delete'])).toBe('Ctrl+Alt+Del')
    expect(combinationLabel(['Meta'])).toBe('Super')
    expect(combinationLabel(['Control', 'w'])).toBe('Ctrl+W')
  })
})

describe('the keyboard', () => {
  it('releases the symbol that it pressed, whatever Shift does meanwhile', () => {
    const { fire, sent } = bound('other')
    fire('keydown', { key: 'Shift', code: 'ShiftLeft', location: 1 })
    expect(fire('keydown', { key: 'A', code: 'KeyA' })).toBe(true)
    fire('keyup', { key: 'Shift', code: 'ShiftLeft', location: 1 })
    fire('keyup', { key: 'a', code: 'KeyA' })
    expect(sent).toEqual([down(0xffe1), down(0x41), up(0xffe1), up(0x41)])
  })

  it('sends what a dead key composes and not the dead key', () => {
    const { fire, sent } = bound('other')
    expect(fire('keydown', { key: 'Dead', code: 'Equal' })).toBe(false)
    fire('keyup', { key: 'Dead', code: 'Equal' })
    fire('keydown', { key: 'é', code: 'KeyE' })
    fire('keyup', { key: 'e', code: 'KeyE' })
    expect(sent).toEqual([down(0xe9), up(0xe9)])
  })

  it('sends composed text once, in either order of events', () => {
    for (const order of [['compositionend', 'input'], ['input', 'compositionend']]) {
      const { area, fire, sent } = bound('other')
      fire('keydown', { key: 'Process', code: 'KeyK', isComposing: true })
      area.value = '漢字'
      for (const type of order) fire(type, { isComposing: type === 'input' && order[0] === 'input' })
      expect(sent).toEqual(textMessages('漢字').map(hex))
      expect(area.value).toBe('')
    }
  })

  it('makes one AltGr of the two keys that Windows tells', () => {
    const { fire, sent } = bound('windows')
    fire('keydown', { key: 'Control', code: 'ControlLeft', location: 1, ctrlKey: true })
    fire('keydown', { key: 'AltGraph', code: 'AltRight', location: 2, ctrlKey: true, altKey: true })
    fire('keydown', { key: '@', code: 'KeyQ', ctrlKey: true, altKey: true })
    fire('keyup', { key: '@', code: 'KeyQ', ctrlKey: true, altKey: true })
    fire('keyup', { key: 'Control', code: 'ControlLeft', location: 1 })
    fire('keyup', { key: 'AltGraph', code: 'AltRight', location: 2 })
    expect(sent).toEqual([down(0xfe03), down(0x40), up(0x40), up(0xfe03)])
  })

  it('sends a real Control of Windows with the next key or a moment later', () => {
    vi.useFakeTimers()
    const { fire, sent } = bound('windows')
    fire('keydown', { key: 'Control', code: 'ControlLeft', location: 1, ctrlKey: true })
    fire('keydown', { key: 'c', code: 'KeyC', ctrlKey: true })
    expect(sent).toEqual([down(0xffe3), down(0x63)])
    fire('keyup', { key: 'c', code: 'KeyC', ctrlKey: true })
    fire('keyup', { key: 'Control', code: 'ControlLeft', location: 1 })
    fire('keydown', { key: 'Control', code: 'ControlLeft', location: 1, ctrlKey: true })
    vi.runAllTimers()
    expect(sent.slice(2)).toEqual([up(0x63), up(0xffe3), down(0xffe3)])
    vi.useRealTimers()
  })

  it('keeps shortcuts of keyboards with other scripts', () => {
    const { fire, sent } = bound('other')
    fire('keydown', { key: 'с', code: 'KeyC', ctrlKey: true })
    fire('keydown', { key: 'с', code: 'KeyC' })
    expect(sent).toEqual([down(0x63), up(0x63), down(0x01000441)])
  })

  it('lets go of everything that was held under Command on a Mac', () => {
    const { fire, sent } = bound('mac')
    fire('keydown', { key: 'Meta', code: 'MetaLeft', location: 1, metaKey: true })
    fire('keydown', { key: 'c', code: 'KeyC', metaKey: true })
    fire('keyup', { key: 'Meta', code: 'MetaLeft', location: 1 })
    expect(sent).toEqual([down(0xffeb), down(0x63), up(0xffeb), up(0x63)])
  })

  it('releases all when the focus goes and when it stops', () => {
    const { fire, sent, stop } = bound('other')
    fire('keydown', { key: 'a', code: 'KeyA' })
    fire('blur')
    fire('keyup', { key: 'a', code: 'KeyA' })
    expect(sent).toEqual([down(0x61), RELEASE])
    stop()
    fire('keydown', { key: 'a', code: 'KeyA' })
    expect(sent).toEqual([down(0x61), RELEASE, RELEASE])
  })

  it('sends no locks: symbols have them already', () => {
    const { fire, sent } = bound('other')
    fire('keydown', { key: 'CapsLock', code: 'CapsLock' })
    expect(sent).toEqual([])
  })
})

describe('the pointer', () => {
  it('is where it is on the display, at its edge when beside it', () => {
    const box = { left: 10, top: 20, width: 960, height: 540 }
    const display = { width: 1920, height: 1080 }
    expect(displayPoint(box, display, { clientX: 10, clientY: 20 })).toEqual({ x: 0, y: 0 })
    expect(displayPoint(box, display, { clientX: 490, clientY: 290 })).toEqual({ x: 960, y: 540 })
    expect(displayPoint(box, display, { clientX: 5000, clientY: -5 })).toEqual({ x: 1919, y: 0 })
    expect(displayPoint({ ...box, width: 0 }, display, { clientX: 0, clientY: 0 })).toBeUndefined()
  })

  it('has its buttons in our order', () => {
    expect([1, 2, 4, 8, 16, 31].map(deviceButtons)).toEqual([1, 4, 2, 8, 16, 31])
  })

  it('turns the wheel by notches in every mode', () => {
    expect(wheelTurn({ deltaX: 0, deltaY: 100, deltaMode: 0 })).toEqual({ right: 0, down: 120 })
    expect(wheelTurn({ deltaX: 0, deltaY: -3, deltaMode: 1 })).toEqual({ right: 0, down: -120 })
    expect(wheelTurn({ deltaX: 1e9, deltaY: 1, deltaMode: 2 })).toEqual({ right: 32_767, down: 120 })
  })
})
