import { expect, it } from 'vitest'
import { practise } from '../src/viewer/practise'

// Rounds that were asked for later, one after the other.
function rounds(isDone: (round: number) => boolean): number {
  const later: (() => void)[] = []
  let count = 0
  practise(() => isDone(count), (next) => { later.push(next); count += 1 })
  for (let next = later.shift(); next; next = later.shift()) next()
  return count
}

it('decodes what a device of this version sends, a bounded number of times', () => {
  const count = rounds(() => false)
  expect(count).toBeGreaterThan(10)
  expect(count).toBeLessThan(100)
})

it('stops as soon as a session begins', () => {
  expect(rounds((round) => round === 3)).toBe(3)
})
