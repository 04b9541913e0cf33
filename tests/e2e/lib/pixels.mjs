// Compares what a page shows with a picture, pixel for pixel, in the page itself: it has the decoder.

import { until } from './stages.mjs'

// Waits until the canvas is the picture.
export async function showsPicture(canvas, picture, type) {
  await until('an equal picture', async () => {
    const { count, first } = await differingPixels(canvas, picture, type)
    if (count > 0) throw new Error(`${count} pixels differ, the first at ${first.x},${first.y}`)
    return true
  })
}

// How many pixels of the canvas differ from the picture, and where the first one is. The picture is a file that browsers
// read, or a function that takes one: right after the canvas is kept, for a screen on which a clock runs.
export async function differingPixels(canvas, picture, type = 'image/png') {
  // A canvas that a worker draws has its size in its picture, not in its attributes.
  const shown = await canvas.evaluateHandle((element) => createImageBitmap(element))
  const taken = typeof picture === 'function' ? await picture() : picture
  return shown.evaluate(async (canvas, { base64, type }) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const options = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' }
    const picture = await createImageBitmap(new Blob([bytes], { type }), options)
    if (canvas.width !== picture.width || canvas.height !== picture.height) {
      throw new Error(`the canvas has ${canvas.width}x${canvas.height}, the screen ${picture.width}x${picture.height}`)
    }
    const read = (source) => {
      const copy = new OffscreenCanvas(picture.width, picture.height)
      const context = copy.getContext('2d', { willReadFrequently: true })
      context.drawImage(source, 0, 0)
      return new Uint32Array(context.getImageData(0, 0, picture.width, picture.height).data.buffer)
    }
    const [shown, real] = [read(canvas), read(picture)]
    let count = 0
    let first = null
    for (let at = 0; at < real.length; at++) {
      if (shown[at] === real[at]) continue
      count++
      first ??= { x: at % picture.width, y: Math.floor(at / picture.width) }
    }
    return { count, first }
  }, { base64: taken.toString('base64'), type })
}
