// The console as the service serves it, in a real browser.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { accessibilityViolations, newPage, open } from './lib/chromium.mjs'
import { startService } from './lib/service.mjs'

let browser
let service
before(async () => {
  service = await startService()
  browser = await open()
})
after(async () => {
  await browser?.close()
  await service?.stop()
})

for (const colorScheme of ['light', 'dark']) {
  test(`the first page opens without a complaint and is accessible, ${colorScheme}`, async () => {
    const page = await newPage(browser, { colorScheme })
    const answer = await page.goto(service.url)
    assert.equal(answer.status(), 200)
    await page.getByRole('heading').first().waitFor()
    assert.deepEqual(page.complaints, [])
    assert.deepEqual(await accessibilityViolations(page), [])
  })
}
