/** A rectangle of whole pixels of the display; the origin is the top left corner. */
export interface Rect {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Whether `rect` lies in a picture of that size. */
export function fits(rect: Rect, width: number, height: number): boolean {
  return rect.x + rect.width <= width && rect.y + rect.height <= height
}

/** Whether `inner` lies in `outer`. */
export function contains(outer: Rect, inner: Rect): boolean {
  return (
    outer.x <= inner.x &&
    outer.y <= inner.y &&
    outer.x + outer.width >= inner.x + inner.width &&
    outer.y + outer.height >= inner.y + inner.height
  )
}

/** The smallest rectangle around both. */
export function union(a: Rect, b: Rect): Rect {
  const x = Math.min(a.x, b.x)
  const y = Math.min(a.y, b.y)
  const right = Math.max(a.x + a.width, b.x + b.width)
  const bottom = Math.max(a.y + a.height, b.y + b.height)
  return { x, y, width: right - x, height: bottom - y }
}

/** Adds to a list of areas and keeps it short; the list may cover more than was added. */
export function addArea(areas: Rect[], rect: Rect, most: number): void {
  if (areas.some((area) => contains(area, rect))) return
  const last = areas.length - 1
  const newest = areas[last]
  if (newest !== undefined && areas.length >= most) areas[last] = union(newest, rect)
  else areas.push(rect)
}
