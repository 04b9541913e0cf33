// Proves the demo that is up (`cargo xtask demo --prove`): a technician's browser and an end user's seat, under both
// policies, and what either would see is checked. Ends with one line of measured times.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newPage, open } from './lib/chromium.mjs'
import { Console } from './lib/console.mjs'
import { Keyboard } from './lib/keyboard.mjs'
import { showsPicture } from './lib/pixels.mjs'
import { Seat } from './lib/seat.mjs'
import { median, stage, until } from './lib/stages.mjs'

const wish = JSON.parse(process.env.WAYLEAVE_PROVE)
const NOTE = ['Documents', 'welcome.txt']
const notePath = join(wish.home, ...NOTE)
// Inside the editor, inside the terminal, and the terminal's first line, in pixels of the demo's screen (xtask/src/demo/desktop.rs).
const EDITOR = { x: 1300, y: 480 }
const TERMINAL = { x: 400, y: 640 }
const PROMPT_LINE = { x: 40, y: 448, width: 830, height: 24 }
const SENTENCE = 'Stra\u00dfe 5 kostet 9 \u20ac, caf\u00e9 \u6f22 \u{1f600}'
const LAYOUTS = ['us', 'de', 'fr']

function setLayout(layout) {
  execFileSync('setxkbmap', ['-layout', layout])
}

// Each line is on the disk before the layout changes: keys that are on their way are typed under the layout they were for.
async function writeNote(console, keyboard) {
  await console.click(EDITOR.x, EDITOR.y)
  await console.press('Control+a')
  await console.press('Delete')
  let expected = ''
  for (const layout of LAYOUTS) {
    setLayout(layout)
    await keyboard.type(`${SENTENCE}\n`, layout)
    await console.press('Control+s')
    expected += `${SENTENCE}\n`
    await until(`the line typed under ${layout}`, () => {
      assert.equal(readFileSync(notePath, 'utf8'), expected)
      return true
    })
  }
  setLayout('us')
}

async function fetchNote(console) {
  const fetched = await console.fetchFile(...NOTE)
  assert.ok(fetched.equals(readFileSync(notePath)), 'the fetched file differs from the saved one')
}

async function unattended(console, seat, keyboard, times) {
  await stage('unattended: the workstation judges the warrant', async () => {
    times.firstPicture = await console.firstPicture(await console.connect({ why: 'Proving the demo', attended: false }))
  })
  await stage('the sentence under us, de and fr', () => writeNote(console, keyboard))
  await stage('the saved file, fetched and compared', () => fetchNote(console))
  await stage('a command in the shell', () => console.runInShell('echo $((6*7))-wayleave', '42-wayleave'))
  await stage('the picture, pixel for pixel', () => showsPicture(console.screen, () => seat.picture()))
  await stage('key to frame', async () => {
    await console.click(TERMINAL.x, TERMINAL.y)
    times.keyToFrame = median(await console.keyToFrame([...'the quick brown fox jumps'].filter((key) => key !== ' '), PROMPT_LINE))
  })
  await stage('a picture of the console', () => console.page.screenshot({ path: wish.picture }))
  await stage('the technician ends the session', () => console.end())
}

async function attended(console, seat, times) {
  await stage('attended: the user is asked and allows', async () => {
    const clicked = await console.connect({ why: 'Proving the demo once more', attended: true })
    await console.page.getByText('The person at the workstation is being asked').waitFor()
    await seat.press('allow')
    times.attended = await console.firstPicture(clicked)
  })
  await stage('the picture, pixel for pixel', () => showsPicture(console.screen, () => seat.picture()))
  await stage('the user ends the session', async () => {
    await seat.press('end')
    await console.page.getByRole('heading', { name: 'The session is over' }).waitFor()
  })
}

// What both sides showed when a check failed.
async function keepPictures(page, seat) {
  await page?.screenshot({ path: join(wish.logs, 'failed-console.png') })
  if (seat) writeFileSync(join(wish.logs, 'failed-screen.png'), await seat.picture())
}

const browser = await open()
let page
let seat
try {
  const times = {}
  page = await newPage(browser)
  const console_ = await stage('the link signs the technician in', () => Console.open(page, wish.console))
  seat = await stage("the end user's seat", async () => Seat.open(await newPage(browser), wish.seat))
  const keyboard = await Keyboard.of(page)
  await unattended(console_, seat, keyboard, times)
  await attended(console_, seat, times)
  assert.deepEqual(page.complaints, [], 'the console complained')
  console.log(`\n  first picture ${times.firstPicture.toFixed(0)} ms · key to frame, median ${times.keyToFrame.toFixed(1)} ms · picture: ${wish.picture}`)
} catch (error) {
  console.log(`\n  ${error.message}`)
  await keepPictures(page, seat).catch(() => {})
  process.exitCode = 1
} finally {
  setLayout('us')
  await browser.close()
}
