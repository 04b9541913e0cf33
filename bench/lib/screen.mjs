// Looks at the remote screen in the page. A worker draws the canvas, so it is read by drawing it elsewhere first. That
// copies the whole frame whatever part is asked for, so it is done once a look and as seldom as the measure allows.

// In the page, before its own scripts.
export function installScreen() {
  const find = () => document.querySelector('canvas[role=img]')
  const one = new OffscreenCanvas(1, 1).getContext('2d', { willReadFrequently: true })
  window.bench.isLight = (x, y) => {
    one.drawImage(find(), x, y, 1, 1, 0, 0, 1, 1)
    return one.getImageData(0, 0, 1, 1).data[1] > 128
  }

  // Rows of the true picture; the uppermost part is left out: the banner of the session comes there.
  const TOP = 120
  const EVERY = 60
  let expected
  window.bench.expect = async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }), { colorSpaceConversion: 'none', premultiplyAlpha: 'none' })
    const { width, height } = picture
    const copy = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true })
    const row = (y) => new Uint32Array(copy.getImageData(0, y, width, 1).data.buffer)
    copy.drawImage(picture, 0, 0)
    const rows = []
    for (let y = TOP; y < height; y += EVERY) rows.push({ y, truth: row(y) })
    expected = { copy, row, rows }
  }
  window.bench.isWhole = () => {
    const canvas = find()
    if (!canvas) return false
    const { copy, row, rows } = expected
    copy.clearRect(0, 0, copy.canvas.width, copy.canvas.height)
    copy.drawImage(canvas, 0, 0)
    return rows.every(({ y, truth }) => {
      const shown = row(y)
      return truth.every((pixel, at) => pixel === shown[at])
    })
  }
}

// In the page: resolves with the moment at which every looked at pixel is the workstation's, after the click.
export function wholePicture(patienceMs) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      window.bench.ticks(undefined)
      reject(new Error(`no whole picture within ${patienceMs} ms; got to ${Object.keys(window.bench.marks().stages)}`))
    }, patienceMs)
    window.bench.ticks(() => {
      const { stages } = window.bench.marks()
      // Before that there is nothing to look at, and looking takes time from what is measured.
      if (!stages.painted || !window.bench.isWhole()) return
      window.bench.ticks(undefined)
      clearTimeout(late)
      resolve(performance.now())
    })
  })
}

// In the page: resolves with the time of the next key and of the first animation frame that shows what it changed.
export function nextKey([x, y]) {
  const was = window.bench.isLight(x, y)
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the key changed nothing within 5 s')), 5000)
    addEventListener('keydown', () => {
      const pressed = performance.now()
      const onFrame = () => {
        if (window.bench.isLight(x, y) === was) return requestAnimationFrame(onFrame)
        clearTimeout(late)
        return resolve({ pressed, frame: performance.now(), origin: performance.timeOrigin })
      }
      requestAnimationFrame(onFrame)
    }, { capture: true, once: true })
  })
}
