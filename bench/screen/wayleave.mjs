// Wayleave for the black-box screen harness: put into its drivers/, see README.md here. WAYLEAVE is the repository.
import { start, startX, stop } from '../lib/proc.mjs'
import { XVFB } from './vnc-common.mjs'

const REPOSITORY = process.env.WAYLEAVE
const PATIENCE_MS = 60_000

// The one line of JSON that `cargo xtask bench --stand` prints when everything is up.
function whereItStands(program) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`wayleave was not up within ${PATIENCE_MS / 1000} s: ${said}`)), PATIENCE_MS)
    let said = ''
    program.stdout.on('data', (chunk) => {
      said += chunk
      const line = said.split('\n').slice(0, -1).find((text) => text.startsWith('{'))
      if (!line) return
      clearTimeout(late)
      resolve(JSON.parse(line))
    })
    program.once('exit', (code) => reject(new Error(`wayleave ended with ${code}: ${said}`)))
  })
}

// In the page: a worker draws the canvas, so its element does not know its size; the worker tells the page.
function tellSize() {
  const RealWorker = window.Worker
  window.Worker = class extends RealWorker {
    constructor(...args) {
      super(...args)
      this.addEventListener('message', ({ data }) => {
        if (data?.kind !== 'display') return
        const canvas = document.querySelector('canvas[role=img]')
        Object.defineProperty(canvas, 'width', { configurable: true, value: data.width })
        Object.defineProperty(canvas, 'height', { configurable: true, value: data.height })
      })
    }
  }
}

// In the page: reading a canvas that a worker draws copies its whole frame, so all points of one look share one copy. And
// the harness takes the true picture of m5 before the session is open: points under the session's banner are left out.
function readCheaply() {
  const probe = window.__probe
  const scratch = new OffscreenCanvas(1920, 1080).getContext('2d', { willReadFrequently: true })
  const SAME_LOOK_MS = 0.5
  const BANNER_BELOW = 64
  let drawn = 0
  probe.read = (x, y, width, height) => {
    const canvas = document.querySelector('canvas[role=img]')
    if (!canvas || canvas.width < 1920) return null
    if (performance.now() - drawn > SAME_LOOK_MS) scratch.drawImage(canvas, 0, 0)
    const { data } = scratch.getImageData(x, y, width, height)
    drawn = performance.now()
    return data
  }
  const { full } = probe
  probe.full = (points, tolerance) => full(points.filter(([, y]) => y > BANNER_BELOW), tolerance)
}

export default {
  name: 'wayleave',
  kind: 'other',
  finder: `() => document.querySelector('canvas[role=img]')`,
  viewport: { width: 1920, height: 1140 },

  async remote() {
    if (!REPOSITORY) throw new Error('WAYLEAVE does not say where the repository is')
    const X = await startX(...XVFB, 'wayleave')
    const args = ['xtask', 'bench', '--stand', '--skip-build']
    const program = start('wayleave-stand', 'cargo', args, { cwd: REPOSITORY, stdout: true, env: { DISPLAY: X.display } })
    const { link, port, pids } = await whereItStands(program)
    return { display: X.display, xpids: [X.proc.pid], productPids: pids, port, url: link, stop: () => void stop(program) }
  },

  async open(page, r) {
    const { Console } = await import(`${REPOSITORY}/tests/e2e/lib/console.mjs`)
    await page.addInitScript(tellSize)
    await page.addInitScript(readCheaply)
    const console = await Console.open(page, r.url)
    const clicked = await console.connect({ why: 'Measuring', attended: false })
    r.tConnect = await page.evaluate((at) => performance.timeOrigin + at, clicked)
    await page.waitForFunction(() => document.querySelector('canvas[role=img]')?.width >= 1920, null, { timeout: 20_000, polling: 20 })
  },

  async focus(page) {
    await page.getByLabel('Keys go to the workstation').focus()
  },
}
