// The technician at the console, by the names that a screen reader reads.
import { readFile } from 'node:fs/promises'
import { until } from './stages.mjs'

export class Console {
  constructor(page) {
    this.page = page
    this.screen = page.getByRole('img', { name: 'The workstation’s screen' })
  }

  static async open(page, link) {
    await page.goto(link)
    const console = new Console(page)
    await page.getByRole('heading', { name: 'Devices' }).waitFor()
    return console
  }

  // Makes a software key for an invitation.
  async join(link, name) {
    await this.page.goto(link)
    await this.page.getByLabel('Your name').fill(name)
    await this.page.getByRole('radio', { name: 'Software key' }).check()
    await this.page.getByRole('button', { name: 'Make my key' }).click()
    await this.page.locator('.words').waitFor()
  }

  // Signs a warrant that lacks approvals.
  async ask({ look = () => undefined, ...wish }) {
    const dialog = await this.#wish(wish)
    const sign = dialog.getByRole('button', { name: 'Sign and ask' })
    await until('a policy that asks for approval', () => sign.isEnabled())
    await look(dialog)
    await sign.click()
    await this.page.getByRole('dialog', { name: 'Waiting for approval' }).waitFor()
  }

  // Opens the dialog of the device and fills in the warrant; `only` names the scopes, else they are what the page suggests.
  async #wish({ device = '', why, attended, only }) {
    await this.page.getByRole('button', { name: new RegExp(`^Connect to ${device}`) }).first().click()
    const dialog = this.page.getByRole('dialog')
    await dialog.getByLabel('Why').fill(why)
    if (attended !== undefined) await dialog.getByRole('checkbox', { name: 'Ask the person at the device first' }).setChecked(attended)
    if (only) {
      const scopes = await dialog.getByRole('group', { name: 'What you may do' }).getByRole('checkbox').all()
      for (const scope of scopes) await scope.setChecked(only.includes(await scope.getAttribute('name')))
    }
    return dialog
  }

  // Signs a warrant; returns the milliseconds from the click to the first picture.
  async connect(wish) {
    const dialog = await this.#wish(wish)
    const sign = dialog.getByRole('button', { name: 'Sign and connect' })
    await until('a policy that covers the warrant', () => sign.isEnabled())
    const clicked = await this.page.evaluate(() => performance.now())
    await sign.click()
    return clicked
  }

  // What the dialog says when nothing may be signed.
  async refusal(wish) {
    const dialog = await this.#wish(wish)
    const reason = await dialog.locator('.note.warn').last().innerText()
    if (await dialog.getByRole('button', { name: 'Sign and connect' }).isEnabled()) throw new Error('the warrant can be signed')
    await dialog.getByRole('button', { name: 'Cancel' }).click()
    return reason
  }

  async firstPicture(clicked) {
    await this.screen.waitFor()
    return this.screen.evaluate(async (canvas, from) => {
      for (;;) {
        const shown = await createImageBitmap(canvas)
        const { width } = shown
        shown.close()
        if (width > 64) return performance.now() - from
        await new Promise(requestAnimationFrame)
      }
    }, clicked)
  }

  // A click on the remote screen at its own coordinates.
  async click(x, y) {
    const width = await this.screen.evaluate(async (canvas) => (await createImageBitmap(canvas)).width)
    const box = await this.screen.boundingBox()
    const scale = box.width / width
    await this.screen.click({ position: { x: x * scale, y: y * scale } })
  }

  async press(keys) {
    await this.page.keyboard.press(keys)
  }

  // Keys from the menu; they are the workstation's again when it is closed.
  async sendKeys(name, look = () => undefined) {
    await this.page.getByRole('button', { name: 'Keys', exact: true }).click()
    await look()
    await this.page.getByRole('button', { name, exact: true }).click()
  }

  // What the page says of the warrant while it is used.
  async warrant(look = () => undefined) {
    await this.page.getByRole('button', { name: 'The warrant of this session' }).click()
    const shown = this.page.getByRole('dialog', { name: 'The warrant of this session' })
    const text = await shown.innerText()
    await look()
    await this.page.keyboard.press('Escape')
    await shown.waitFor({ state: 'hidden' })
    return text
  }

  // Fetches a file of the workstation's home folder by its path.
  async fetchFile(...path) {
    await this.page.getByRole('button', { name: 'Files', exact: true }).click()
    const panel = this.page.getByRole('complementary', { name: 'Files' })
    for (const folder of path.slice(0, -1)) await panel.getByRole('button', { name: folder }).click()
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      panel.getByRole('button', { name: path.at(-1) }).click(),
    ])
    const bytes = await readFile(await download.path())
    await panel.getByRole('button', { name: 'Close files' }).click()
    return bytes
  }

  // Puts a file into the workstation's home folder and waits until it says that it has it.
  async putFile(name, bytes, look = () => undefined) {
    await this.page.getByRole('button', { name: 'Files', exact: true }).click()
    const panel = this.page.getByRole('complementary', { name: 'Files' })
    await panel.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer: bytes })
    await this.page.getByText(`${name} is on the workstation`).waitFor()
    await look(panel)
    await panel.getByRole('button', { name: 'Close files' }).click()
  }

  // Runs a command in a shell and waits for a text in its output.
  async runInShell(command, answer, look = () => undefined) {
    await this.page.getByRole('button', { name: 'Shell', exact: true }).click()
    const panel = this.page.getByRole('complementary', { name: 'Shell' })
    await panel.locator('textarea').focus()
    await until('the prompt of the shell', async () => /[$#]\s*$/.test((await panel.innerText()).trimEnd()))
    await this.page.keyboard.type(`${command}\n`)
    await until(`"${answer}" in the shell`, async () => (await panel.innerText()).includes(answer))
    await look(panel)
    await this.page.getByRole('button', { name: 'Shell', exact: true }).click()
  }

  // Milliseconds from a key to the first animation frame in which the remote screen has changed, for each of the keys.
  async keyToFrame(keys, area) {
    const times = []
    for (const key of keys) {
      const changed = this.screen.evaluate(async (canvas, { x, y, width, height }) => {
        const copy = new OffscreenCanvas(width, height)
        const context = copy.getContext('2d', { willReadFrequently: true })
        const read = () => {
          context.drawImage(canvas, x, y, width, height, 0, 0, width, height)
          return new Uint32Array(context.getImageData(0, 0, width, height).data.buffer)
        }
        const before = read()
        const pressed = await new Promise((resolve) => addEventListener('keydown', (event) => resolve(event.timeStamp), { once: true, capture: true }))
        for (let frame = 0; frame < 300; frame++) {
          const now = await new Promise(requestAnimationFrame)
          if (read().some((pixel, at) => pixel !== before[at])) return now - pressed
        }
        throw new Error('the key changed nothing in 300 frames')
      }, area)
      await new Promise((resolve) => setTimeout(resolve, 60))
      await this.page.keyboard.press(key)
      times.push(await changed)
    }
    return times
  }

  async end() {
    await this.page.getByRole('button', { name: 'End', exact: true }).click()
    await this.page.getByRole('heading', { name: 'Devices' }).waitFor()
  }
}
