// Sits at the demo's seat page in place of the end user.
import { until } from './stages.mjs'

// Where the buttons are, measured from the lower right corner of their windows (crates/agent/src/windows).
const BUTTONS = {
  allow: { title: 'Allow remote support?', right: 100, bottom: 42 },
  end: { title: 'Remote support is running', right: 56, bottom: null },
}

export class Seat {
  constructor(page, link) {
    this.page = page
    this.link = link
  }

  static async open(page, link) {
    await page.goto(link)
    return new Seat(page, link)
  }

  // The X server's own picture, as PNG.
  async picture() {
    const answer = await fetch(`${this.link}picture?0`)
    if (!answer.ok) throw new Error(await answer.text())
    return Buffer.from(await answer.arrayBuffer())
  }

  async window(title) {
    const windows = await (await fetch(`${this.link}windows`)).json()
    return windows.find((window) => window.title === title)
  }

  // Presses Allow or End and waits for the window to go. Allow takes no press before it is armed, so it is pressed again.
  async press(button) {
    const { title, right, bottom } = BUTTONS[button]
    await until(`the window "${title}"`, () => this.window(title))
    await until(`the end of "${title}"`, async () => {
      const window = await this.window(title)
      if (!window) return true
      const y = window.y + (bottom === null ? window.height / 2 : window.height - bottom)
      await this.click(window.x + window.width - right, y)
      await new Promise((resolve) => setTimeout(resolve, 300))
      return !(await this.window(title))
    })
  }

  // Clicks on the page's canvas, which shows the screen scaled.
  async click(x, y) {
    const canvas = this.page.locator('#screen')
    const box = await canvas.boundingBox()
    const width = await canvas.evaluate((element) => element.width)
    const scale = box.width / width
    await canvas.click({ position: { x: x * scale, y: y * scale } })
  }
}
