// Compares what a page shows with a PNG, pixel for pixel, in the page itself: it has the decoder.

// How many pixels of the canvas differ from the PNG, and where the first one is.
export function differingPixels(canvas, png) {
  return canvas.evaluate(async (element, base64) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))
    const options = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' }
    const picture = await createImageBitmap(new Blob([bytes], { type: 'image/png' }), options)
    // A canvas that a worker draws has its size in its picture, not in its attributes.
    const canvas = await createImageBitmap(element)
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
  }, png.toString('base64'))
}
