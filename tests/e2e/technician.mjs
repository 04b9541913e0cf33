// A technician who is told line by line what to do, and tells what the page showed him. The tests that put a thief in the
// service's place drive it (tests/src/stage/browser.rs): one JSON wish a line in, one JSON answer a line out.
import { createInterface } from 'node:readline'
import { newPage, open } from './lib/chromium.mjs'

const PATIENCE_MS = 25_000

const browser = await open()
let page

// The first of several things that a person may get to see.
async function first(sights) {
  const watches = Object.entries(sights).map(async ([name, locator]) => {
    await locator.first().waitFor({ timeout: PATIENCE_MS })
    return name
  })
  return Promise.any(watches)
}

// What the page shows once it has heard the service out: rows that it knew before are there sooner.
async function look() {
  const heard = page.getByText(/^(live|service out of reach)$/)
  const alert = page.getByRole('alert')
  await first({ heard, alert })
  if ((await alert.count()) > 0) return { refused: (await alert.first().innerText()).trim() }
  return { devices: await page.locator('#devices tbody tr strong').allInnerTexts() }
}

const acts = {
  async open({ link, fresh }) {
    if (fresh || !page) {
      await page?.context().close()
      page = await newPage(browser)
    }
    // A link that differs in its fragment alone would not load the page again.
    await page.goto('about:blank')
    await page.goto(link)
    return look()
  },

  async connect({ device }) {
    const seen = await look()
    if (seen.refused) return seen
    const button = page.getByRole('button', { name: `Connect to ${device}` })
    if ((await button.count()) === 0) return 'absent'
    await button.click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Why').fill('The printer is stuck')
    const scopes = dialog.getByRole('group', { name: 'What you may do' }).getByRole('checkbox')
    for (const box of await scopes.all()) await box.setChecked((await box.locator('..').innerText()).startsWith('Shell'))
    await dialog.getByRole('checkbox', { name: 'Ask the person at the device first' }).setChecked(false)
    await dialog.getByText('Allowed by the policy').waitFor({ timeout: PATIENCE_MS })
    await dialog.getByRole('button', { name: 'Sign and connect' }).click()
    return outcome()
  },
}

// A session is open once a message went there and back.
async function outcome() {
  const alive = page.getByText(/\d ms$/)
  const over = page.getByRole('heading', { name: 'The session is over' })
  const alert = page.getByRole('alert')
  const seen = await first({ alive, over, alert })
  const text = seen === 'alert' ? await alert.first().innerText() : seen === 'over' ? await over.locator('..').locator('p').first().innerText() : ''
  await page.getByRole('button', { name: /^(End|Back)$/ }).click()
  await page.getByRole('heading', { name: 'Devices' }).waitFor({ timeout: PATIENCE_MS })
  return seen === 'alive' ? 'opened' : { refused: text.trim() }
}

try {
  for await (const line of createInterface({ input: process.stdin })) {
    const [[name, wish]] = Object.entries(JSON.parse(line))
    console.log(JSON.stringify(await acts[name](wish)))
  }
} finally {
  await browser.close()
}
