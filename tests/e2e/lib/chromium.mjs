// The real browser of the end to end tests: Debian's Chromium, driven by playwright-core from web/node_modules.
import { createRequire } from 'node:module'

const require = createRequire(new URL('../../../web/package.json', import.meta.url))
const { chromium } = require('playwright-core')
const { AxeBuilder } = require('@axe-core/playwright')

const PATIENCE_MS = 15_000

// Chromium refuses its own sandbox to root.
const args = process.getuid() === 0 ? ['--no-sandbox'] : []

export function open() {
  return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args })
}

// A page that remembers what it complained about: `page.complaints` is empty on a healthy page.
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 }, ...options })
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  page.complaints = []
  page.on('pageerror', (error) => page.complaints.push(String(error)))
  page.on('console', (message) => {
    if (message.type() === 'error') page.complaints.push(message.text())
  })
  return page
}

// What axe finds wrong with the page, one line each.
export async function accessibilityViolations(page) {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.map((v) => `${v.id}: ${v.help} (${v.nodes.map((node) => node.target.join(' ')).join(', ')})`)
}
