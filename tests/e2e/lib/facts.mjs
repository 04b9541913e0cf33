// A story in facts: each builds on those before it, so after one that does not hold the others are skipped.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { accessibilityViolations } from './chromium.mjs'

const PATIENCE_MS = 60_000
const watched = []
let broken = ''

// A page whose words are told when a fact does not hold.
export function watch(page) {
  watched.push(page)
  return page
}

export function fact(name, act) {
  test(name, { timeout: PATIENCE_MS }, async (context) => {
    if (broken) return context.skip(`after "${broken}"`)
    try {
      await act()
    } catch (error) {
      broken = name
      for (const page of watched) context.diagnostic(`${page.url()}\n${await page.locator('body').innerText()}\n${page.complaints.join('\n')}`)
      throw error
    }
  })
}

// Everybody can use the page as it is now, by day and by night.
export async function isAccessible(page) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme })
    assert.deepEqual(await accessibilityViolations(page), [], `${new URL(page.url()).pathname}, ${colorScheme}`)
  }
}
