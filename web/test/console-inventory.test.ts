// The page of keys and the notice above every page.
import { describe, expect, it } from 'vitest'
import { expiring, isPutAway, type KeyView, putAway } from '../src/console/inventory'

const DAY = 86_400_000
const NOON = new Date(2026, 1, 3, 12).getTime()

const key = (name: string, warning: number | undefined): KeyView => ({ name, warning }) as KeyView

describe('keys that expire', () => {
  it('are told of by the nearest warning first', () => {
    expect(expiring([key('b', 30), key('x', undefined), key('c', 1), key('a', 30)])).toEqual([{ days: 1, names: ['c'] }, { days: 30, names: ['a', 'b'] }])
    expect(expiring([key('x', undefined)])).toEqual([])
  })

  it('are put away for the day and for one organisation', () => {
    const kept = new Map<string, string>()
    const memory = { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value) }
    putAway(memory, 'north', NOON)
    expect(isPutAway(memory, 'north', NOON + DAY / 4)).toBe(true)
    expect(isPutAway(memory, 'north', NOON + DAY)).toBe(false)
    expect(isPutAway(memory, 'south', NOON)).toBe(false)
  })
})
