// The technician's page, prepared for measuring, and the sessions that it opens.
import { newPage } from '../../tests/e2e/lib/chromium.mjs'
import { Console } from '../../tests/e2e/lib/console.mjs'
import { Seat } from '../../tests/e2e/lib/seat.mjs'
import { installClock, installInWorker, installMarks } from './marks.mjs'
import { installScreen, wholePicture } from './screen.mjs'

const PATIENCE_MS = 20_000

export class Technician {
  static async open(browser, wish) {
    const self = new Technician()
    // The clock's worker is no part of the product's pages, whose policy would refuse it.
    self.page = await newPage(browser, { viewport: { width: 1920, height: 1200 }, bypassCSP: true })
    for (const install of [installMarks, installClock, installScreen]) await self.page.addInitScript(install)
    self.console = await Console.open(self.page, wish.console)
    self.seat = new Seat(self.page, wish.seat)
    return self
  }

  // Opens a session; resolves with the time of the click, of each stage and of the whole picture, in ms of the page's clock.
  async connect() {
    await this.page.evaluate(([base64]) => window.bench.expect(base64), [(await this.seat.picture()).toString('base64')])
    await this.page.evaluate(() => window.bench.forget())
    const whole = this.page.evaluate(wholePicture, PATIENCE_MS)
    await this.console.connect({ why: 'Measuring', attended: false })
    const { clicked, stages } = await whole.then(async (at) => {
      const marks = await this.page.evaluate(() => window.bench.marks())
      return { ...marks, stages: { ...marks.stages, whole: at } }
    })
    // The list of devices had it ready; while a session is open there is no other.
    this.worker = this.page.workers().findLast((one) => !one.url().startsWith('blob:'))
    return { clicked, stages }
  }

  watchWorker() {
    return this.worker.evaluate(installInWorker)
  }

  // What happened in the worker since it was asked last.
  seenInWorker() {
    return this.worker.evaluate(() => self.bench.seen.splice(0))
  }

  end() {
    return this.console.end()
  }
}
