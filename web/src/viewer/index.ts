/**
 * The viewer. `createScreen` lives in a worker with the channel and an `OffscreenCanvas`;
 * `bindKeyboard` and `bindPointer` live on the main thread.
 */

export { cursorStyle } from './cursor'
export { createDecoder, type Decoder, type Display, type ImagePixels, type Painted } from './decoder'
export * from './input-message'
export { bindKeyboard, type Platform, type TextTarget } from './keyboard'
export { createPainter, type Painter } from './painter'
export { bindPointer, displayPoint } from './pointer'
export { practise } from './practise'
export { createScreen, type Screen, type ScreenEvents } from './screen'
export { qualityMessage, ScreenError, type CursorShape, type Output } from './screen-message'
