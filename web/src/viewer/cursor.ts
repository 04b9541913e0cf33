/** The device's pointer as a CSS cursor: it moves with the technician's hand, without the network. */

import type { CursorShape } from './screen-message'

/** The value of the CSS property `cursor`. Works in a worker too. */
export async function cursorStyle(shape: CursorShape): Promise<string> {
  if (shape.width === 0 || shape.height === 0) return 'none'
  const canvas = new OffscreenCanvas(shape.width, shape.height)
  const context = canvas.getContext('2d')
  if (context === null) return 'default'
  const pixels = new Uint8ClampedArray(shape.rgba)
  context.putImageData(new ImageData(pixels, shape.width, shape.height), 0, 0)
  const picture = await canvas.convertToBlob({ type: 'image/png' })
  const bytes = new Uint8Array(await picture.arrayBuffer())
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')
  return `url(data:image/png;base64,${btoa(text)}) ${shape.hotX} ${shape.hotY}, default`
}
