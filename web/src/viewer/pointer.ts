/** The technician's mouse, pen or finger: DOM events to input messages. */

import { pointerMessage, wheelMessage, type Message } from './input-message'

const WHEEL_NOTCH = 120
const PIXELS_PER_NOTCH = 100
const LINES_PER_NOTCH = 3
const WHEEL_MAX = 32_767
/** DOM bits (left, right, middle, back, forward) to ours (left, middle, right, back, forward). */
const BUTTONS: readonly (readonly [dom: number, ours: number])[] = [
  [1, 1],
  [4, 2],
  [2, 4],
  [8, 8],
  [16, 16],
]

/**
 * Starts to listen to the element that shows the display, stretched to fill it. `displaySize` is
 * that of the display in its own pixels. Gives a function that stops it.
 */
export function bindPointer(
  target: HTMLElement,
  displaySize: () => { readonly width: number; readonly height: number },
  send: (message: Message) => void,
): () => void {
  const listeners = new AbortController()
  let buttons = 0
  let newest: MouseEvent | undefined
  let frame: number | undefined

  /** Sends the newest place only: older ones are of no use by then. */
  function flush(): void {
    if (frame !== undefined) cancelAnimationFrame(frame)
    frame = undefined
    if (newest === undefined) return
    const place = displayPoint(target.getBoundingClientRect(), displaySize(), newest)
    newest = undefined
    if (place !== undefined) send(pointerMessage(place.x, place.y, buttons))
  }

  function onMove(event: PointerEvent): void {
    newest = event
    const nowDown = deviceButtons(event.buttons)
    if (nowDown === buttons) {
      frame ??= requestAnimationFrame(flush)
      return
    }
    buttons = nowDown
    flush()
  }

  function onDown(event: PointerEvent): void {
    target.setPointerCapture(event.pointerId)
    onMove(event)
  }

  function onCancel(event: PointerEvent): void {
    newest = event
    buttons = 0
    flush()
  }

  function onWheel(event: WheelEvent): void {
    event.preventDefault()
    newest = event
    flush()
    const { right, down } = wheelTurn(event)
    if (right !== 0 || down !== 0) send(wheelMessage(right, down))
  }

  const { signal } = listeners
  target.addEventListener('pointerdown', onDown, { signal })
  target.addEventListener('pointerup', onMove, { signal })
  target.addEventListener('pointermove', onMove, { signal })
  target.addEventListener('pointercancel', onCancel, { signal })
  target.addEventListener('wheel', onWheel, { signal, passive: false })
  target.addEventListener('contextmenu', (event) => event.preventDefault(), { signal })
  return () => {
    listeners.abort()
    if (frame !== undefined) cancelAnimationFrame(frame)
  }
}

/** The bits of an input message of `PointerEvent.buttons`. */
export function deviceButtons(dom: number): number {
  return BUTTONS.reduce((bits, [theirs, ours]) => ((dom & theirs) !== 0 ? bits | ours : bits), 0)
}

/** The pixel of the display under a place of the page; places beside it count for its edge. */
export function displayPoint(
  box: { readonly left: number; readonly top: number; readonly width: number; readonly height: number },
  display: { readonly width: number; readonly height: number },
  place: { readonly clientX: number; readonly clientY: number },
): { readonly x: number; readonly y: number } | undefined {
  if (box.width <= 0 || box.height <= 0 || display.width <= 0 || display.height <= 0) return undefined
  const pixel = (at: number, from: number, length: number, pixels: number): number =>
    Math.min(pixels - 1, Math.max(0, Math.floor(((at - from) / length) * pixels)))
  return {
    x: pixel(place.clientX, box.left, box.width, display.width),
    y: pixel(place.clientY, box.top, box.height, display.height),
  }
}

/** A turn of the wheel in 1/120 of a notch. */
export function wheelTurn(event: Pick<WheelEvent, 'deltaX' | 'deltaY' | 'deltaMode'>): {
  readonly right: number
  readonly down: number
} {
  const perUnit =
    event.deltaMode === 0
      ? WHEEL_NOTCH / PIXELS_PER_NOTCH
      : event.deltaMode === 1
        ? WHEEL_NOTCH / LINES_PER_NOTCH
        : WHEEL_NOTCH
  const turn = (delta: number): number =>
    Math.max(-WHEEL_MAX, Math.min(WHEEL_MAX, Math.round(delta * perUnit)))
  return { right: turn(event.deltaX), down: turn(event.deltaY) }
}
