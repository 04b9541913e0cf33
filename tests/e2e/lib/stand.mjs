// What a story stands on: a service with a witness beside it, `wayleave console`, two workstations and a browser.
import { join } from 'node:path'
import { plugIn } from './authenticator.mjs'
import { newPage, open } from './chromium.mjs'
import { Admin } from './admin.mjs'
import { Console } from './console.mjs'
import { watch } from './facts.mjs'
import { startConsole, startService, startWitness, temporaryFolder } from './service.mjs'
import { Workstation } from './workstation.mjs'

export class Stand {
  #endings = []

  static async raise(size) {
    const stand = new Stand()
    try {
      await stand.#raise(size)
      return stand
    } catch (error) {
      await stand.stop()
      throw error
    }
  }

  // What was begun is ended in the opposite order.
  #ending(thing) {
    this.#endings.unshift(() => thing.stop())
    return thing
  }

  async #raise({ width, height }) {
    const { folder, remove } = temporaryFolder()
    this.#endings.push(remove)
    const witness = this.#ending(await startWitness(join(folder, 'witness')))
    this.service = this.#ending(await startService({ witnesses: [witness] }))
    this.origin = this.#ending(await startConsole(this.service.url)).url
    this.desk = this.#ending(new Workstation(folder, 'front-desk'))
    this.lobby = this.#ending(new Workstation(folder, 'lobby-screen'))
    await this.desk.openDesktop(`${width}x${height}`)
    const browser = await open()
    this.#endings.unshift(() => browser.close())
    this.newPage = () => newPage(browser)
    this.admin = new Admin(watch(await newPage(browser)))
    this.passkey = await plugIn(this.admin.page)
    this.technician = new Console(watch(await newPage(browser, { permissions: ['clipboard-read', 'clipboard-write'] })))
  }

  async stop() {
    const failures = []
    for (const end of this.#endings.splice(0)) await Promise.resolve().then(end).catch((error) => failures.push(error))
    if (failures.length > 0) throw new AggregateError(failures, 'not everything ended')
  }
}
