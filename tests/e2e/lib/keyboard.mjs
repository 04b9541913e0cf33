// Keys as a technician's keyboard sends them, by the layout that is printed on it: the browser's events carry the place of
// the key (`code`) and what the layout makes of it (`key`). Playwright's own keyboard knows the US layout only.

const MODIFIERS = { alt: 1, ctrl: 2, meta: 4, shift: 8 }
const place = (letter) => `Key${letter.toUpperCase()}`

// What differs from US letters and digits: character -> [code, held modifier key, dead key first].
const LAYOUTS = {
  us: {
    ' ': ['Space'], '.': ['Period'], ',': ['Comma'], '-': ['Minus'], '/': ['Slash'],
  },
  de: {
    ' ': ['Space'], '.': ['Period'], ',': ['Comma'], '-': ['Slash'],
    'ß': ['Minus'], 'ä': ['Quote'], 'ö': ['Semicolon'], 'ü': ['BracketLeft'], y: ['KeyZ'], z: ['KeyY'],
    '€': ['KeyE', 'AltGraph'], '@': ['KeyQ', 'AltGraph'], '\\': ['Minus', 'AltGraph'],
    'é': ['KeyE', null, 'Equal'], 'ê': ['KeyE', null, 'Backquote'],
  },
  fr: {
    ' ': ['Space'], ',': ['KeyM'], '-': ['Digit6'], 'é': ['Digit2'], 'è': ['Digit7'], 'ç': ['Digit9'], 'à': ['Digit0'],
    a: ['KeyQ'], q: ['KeyA'], z: ['KeyW'], w: ['KeyZ'], m: ['Semicolon'], '.': ['Comma', 'Shift'],
    '€': ['KeyE', 'AltGraph'], '@': ['Digit0', 'AltGraph'],
    'ê': ['KeyE', null, 'BracketLeft'], 'ë': ['KeyE', null, 'BracketLeft', 'Shift'],
  },
}

export class Keyboard {
  constructor(page, session) {
    this.page = page
    this.session = session
  }

  static async of(page) {
    return new Keyboard(page, await page.context().newCDPSession(page))
  }

  // What no key of the layout makes comes as text, as from an input method or an emoji picker.
  async type(text, layout) {
    const keys = LAYOUTS[layout]
    for (const character of text) {
      if (keys[character]) await this.#stroke(character, ...keys[character])
      else if (/^[a-z]$/i.test(character)) await this.#letter(character, keys)
      else if (character === '\n') await this.page.keyboard.press('Enter')
      else await this.session.send('Input.insertText', { text: character })
    }
  }

  async #letter(character, keys) {
    const lower = character.toLowerCase()
    const code = keys[lower]?.[0] ?? place(lower)
    await this.#stroke(character, code, lower === character ? null : 'Shift')
  }

  async #stroke(character, code, held = null, dead = null, deadHeld = null) {
    if (dead) {
      if (deadHeld) await this.#event('keyDown', deadHeld, `${deadHeld}Left`)
      await this.#event('keyDown', 'Dead', dead)
      await this.#event('keyUp', 'Dead', dead)
      if (deadHeld) await this.#event('keyUp', deadHeld, `${deadHeld}Left`)
    }
    const modifiers = held === 'Shift' ? MODIFIERS.shift : 0
    if (held) await this.#event('keyDown', held, held === 'AltGraph' ? 'AltRight' : 'ShiftLeft')
    await this.#event('keyDown', character, code, modifiers, character)
    await this.#event('keyUp', character, code, modifiers)
    if (held) await this.#event('keyUp', held, held === 'AltGraph' ? 'AltRight' : 'ShiftLeft')
  }

  #event(type, key, code, modifiers = 0, text = undefined) {
    return this.session.send('Input.dispatchKeyEvent', { type: type === 'keyDown' && !text ? 'rawKeyDown' : type, key, code, modifiers, text })
  }
}
