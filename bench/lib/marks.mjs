// What is installed in the page and in its worker to see when things happen there. Nothing of the product knows of it.

// In the page, before its own scripts: the moment of the click that signs, of the question to the service, and of each message
// between page and worker. The worker itself is there before the click.
export function installMarks() {
  let marks = { stages: {} }
  window.bench = {
    marks: () => marks,
    forget: () => { marks = { stages: {} } },
  }
  addEventListener('click', (event) => {
    if (event.target.closest?.('[role=dialog] [type=submit], dialog [type=submit]')) marks = { clicked: event.timeStamp, stages: {} }
  }, true)
  const note = (name) => { marks.stages[name] ??= performance.now() }
  const realFetch = window.fetch
  window.fetch = (input, ...rest) => {
    if (String(input.url ?? input).endsWith('/sessions')) note('asked')
    return realFetch(input, ...rest)
  }
  const RealWorker = window.Worker
  window.Worker = class extends RealWorker {
    constructor(url, options) {
      super(url, options)
      if (options?.name !== 'session') return
      this.addEventListener('message', ({ data }) => {
        if (data.kind === 'stage') note(data.stage)
        if (data.kind === 'display' || data.kind === 'painted') note(data.kind)
      })
    }

    postMessage(message, ...rest) {
      if (message?.kind === 'start') note('start')
      return super.postMessage(message, ...rest)
    }
  }
}

// In the page: a clock of about 1 kHz that leaves the processor free, from a worker that sleeps a millisecond and answers.
export function installClock() {
  const source = `const still = new Int32Array(new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true }).buffer)
    onmessage = () => { Atomics.wait(still, 0, 0, 1); postMessage(0) }`
  let worker
  let act
  window.bench.ticks = (wanted) => {
    const isIdle = !act
    act = wanted
    if (!worker) {
      worker = new Worker(URL.createObjectURL(new Blob([source])))
      worker.onmessage = () => {
        act?.()
        if (act) worker.postMessage(0)
      }
    }
    if (act && isIdle) worker.postMessage(0)
  }
}

// In the session's worker: every message that leaves and arrives on its socket, and every paint, with absolute times.
export function installInWorker() {
  const seen = []
  const now = () => performance.timeOrigin + performance.now()
  self.bench = { seen, bytes: 0, messages: 0, paints: 0 }
  const { send } = WebSocket.prototype
  const heard = new WeakSet()
  WebSocket.prototype.send = function (message) {
    if (!heard.has(this)) {
      heard.add(this)
      this.addEventListener('message', ({ data }) => {
        seen.push(['heard', now()])
        self.bench.messages += 1
        self.bench.bytes += data.byteLength ?? data.length
      })
    }
    send.call(this, message)
    seen.push(['sent', now()])
  }
  const { putImageData } = OffscreenCanvasRenderingContext2D.prototype
  OffscreenCanvasRenderingContext2D.prototype.putImageData = function (...args) {
    putImageData.apply(this, args)
    self.bench.paints += 1
    seen.push(['painted', now()])
  }
}
