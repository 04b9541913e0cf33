/** Shows whole updates on a canvas. */

import type { ImagePixels, Painted } from './decoder'

export interface Painter {
  /** Paints an update at once; it is shown with the next frame of the browser. */
  paint(pixels: ImagePixels, painted: Painted): void
}

/** A painter of `canvas`, whose size follows the display. */
export function createPainter(canvas: OffscreenCanvas): Painter {
  const context = canvas.getContext('2d', { alpha: false, desynchronized: true })
  if (context === null) throw new Error('this browser gives no 2d canvas; update it or use another one')
  let image: ImageData | undefined
  return {
    paint(pixels, painted) {
      if (image === undefined || image.data !== pixels.rgba) {
        image = new ImageData(pixels.rgba, pixels.width, pixels.height)
      }
      if (canvas.width !== pixels.width || canvas.height !== pixels.height) {
        canvas.width = pixels.width
        canvas.height = pixels.height
        context.putImageData(image, 0, 0)
        return
      }
      for (const area of painted.areas) {
        context.putImageData(image, 0, 0, area.x, area.y, area.width, area.height)
      }
    },
  }
}
