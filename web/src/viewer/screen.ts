/** The viewer's side of the screen stream: decodes, paints, acknowledges, starts over when lost. */

import { cursorStyle } from './cursor'
import { createDecoder, type Display } from './decoder'
import { LOSSES_MAX } from './limits'
import { createPainter } from './painter'
import { ackMessage, helloMessage, needEpochMessage, ScreenError, type CursorShape } from './screen-message'

export interface ScreenEvents {
  /** A message for the device. */
  send(message: Uint8Array<ArrayBuffer>): void
  /** The display has another size or other outputs. */
  onDisplay(display: Display): void
  /** The pointer looks different: a value of the CSS property `cursor`. */
  onCursor(style: string): void
  /** The pointer was moved on the device. */
  onCursorPosition(position: { readonly x: number; readonly y: number }): void
  /** An update is on the canvas. */
  onPainted(epoch: number, frame: number): void
  /** The device cannot be shown any more; the sentence says why. */
  onFailure(why: string): void
}

export interface Screen {
  /** Takes one message of the device. */
  receive(message: Uint8Array): void
}

/** Shows a device on `canvas`. Sends the hello at once. */
export function createScreen(canvas: OffscreenCanvas, events: ScreenEvents): Screen {
  const decoder = createDecoder()
  const painter = createPainter(canvas)
  let display: Display | undefined
  let shape: CursorShape | undefined
  let position: { readonly x: number; readonly y: number } | undefined
  let losses = 0
  let failed = false
  events.send(helloMessage())

  function tellNews(): void {
    const newDisplay = decoder.display()
    const newShape = decoder.cursor()
    const newPosition = decoder.cursorPosition()
    if (newDisplay !== undefined && newDisplay !== display) events.onDisplay((display = newDisplay))
    if (newShape !== undefined && newShape !== shape) void showCursor((shape = newShape))
    if (newPosition !== undefined && newPosition !== position) events.onCursorPosition((position = newPosition))
  }

  /** A picture takes a moment to make; only the newest counts. */
  async function showCursor(newest: CursorShape): Promise<void> {
    const style = await cursorStyle(newest)
    if (newest === shape) events.onCursor(style)
  }

  function lose(error: ScreenError): void {
    losses += 1
    if (display === undefined || losses > LOSSES_MAX) {
      failed = true
      events.onFailure(error.message)
    } else {
      events.send(needEpochMessage())
    }
  }

  return {
    receive(message) {
      if (failed) return
      try {
        const painted = decoder.apply(message)
        if (painted === undefined) return
        painter.paint(decoder.pixels(), painted)
        tellNews()
        events.send(ackMessage(painted.epoch, painted.frame))
        events.onPainted(painted.epoch, painted.frame)
      } catch (error) {
        if (!(error instanceof ScreenError)) throw error
        lose(error)
      }
    },
  }
}
