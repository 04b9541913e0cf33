// Measures real sessions: `cargo xtask bench` brings up the rest and says in WAYLEAVE_BENCH what is wanted.
import { writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { open } from '../tests/e2e/lib/chromium.mjs'
import { stage, until } from '../tests/e2e/lib/stages.mjs'
import { row, seeded } from './lib/rows.mjs'
import { nextKey } from './lib/screen.mjs'
import { Technician } from './lib/technician.mjs'

const wish = JSON.parse(process.env.WAYLEAVE_BENCH)
// The middle of the square that turns with each key, within its window (xtask/src/bench/flip.rs).
const SQUARE = { x: 96, y: 96 }
const WARM_UP = 3
const REST_MS = 600

// What the technician waits for, from one mark to the next.
const WAITS = [
  ['the warrant is signed and kept', 'clicked', 'asked'],
  ['the service is asked, the device rung', 'asked', 'start'],
  ['both ends meet at the relay', 'start', 'securing'],
  ['handshake', 'securing', 'judging'],
  ['the workstation judges and syncs the receipt', 'judging', 'open'],
  ['first update: captured, sent, decoded, painted', 'open', 'painted'],
  ['the rest of the picture, and the look at it', 'painted', 'whole'],
]

async function clicksToPictures(technician) {
  const all = []
  for (let run = -WARM_UP; run < wish.runs; run++) {
    const { clicked, stages } = await technician.connect()
    if (run >= 0) all.push({ clicked, ...stages })
    await pause(REST_MS)
    await technician.end()
    await pause(REST_MS)
  }
  const between = (from, to) => all.map((marks) => marks[to] - marks[from])
  return [
    row('click to first update painted', 'ms', between('clicked', 'painted')),
    row('click to whole picture', 'ms', between('clicked', 'whole')),
    ...WAITS.map(([what, from, to]) => row(`of that: ${what}`, 'ms', between(from, to))),
  ]
}

async function keysToPixels(technician) {
  await technician.connect()
  await technician.watchWorker()
  const { x, y } = await until('the window that turns', () => technician.seat.window('Flip'))
  const square = [x + SQUARE.x, y + SQUARE.y]
  await technician.console.click(...square)
  await pause(REST_MS)
  const random = seeded(1)
  const all = []
  for (let press = -WARM_UP; press < wish.presses; press++) {
    await technician.seenInWorker()
    // Its own answer says that it listens before the key is pressed.
    await technician.page.evaluate(`window.bench.key = (${nextKey})([${square}]); 0`)
    await technician.page.keyboard.press('a')
    const times = await technician.page.evaluate(() => window.bench.key)
    await pause(120 + random() * 120)
    if (press >= 0) all.push(follow(times, await technician.seenInWorker()))
  }
  await technician.end()
  return [
    row('key to pixel, painted by the page’s worker', 'ms', all.map((one) => one.painted)),
    row('key to animation frame that shows it', 'ms', all.map((one) => one.frame)),
    row('of that: page to worker, sealed, sent', 'ms', all.map((one) => one.sent)),
    row('of that: relay, workstation, relay', 'ms', all.map((one) => one.heard - one.sent)),
    row('of that: opened, decoded, painted', 'ms', all.map((one) => one.painted - one.heard)),
    row('of that: the browser shows the frame', 'ms', all.map((one) => one.frame - one.painted)),
  ]
}

// One key's way, in ms since it was pressed: the first paint after it, and what led there.
function follow({ pressed, frame, origin }, seen) {
  const since = seen.map(([what, at]) => [what, at - origin - pressed])
  const first = (wanted, from) => since.find(([what, at]) => what === wanted && at >= from)?.[1]
  const sent = first('sent', 0)
  // A paint of what was heard before the key left is about something else, such as the banner's seconds.
  const painted = first('painted', first('heard', sent))
  const heard = since.findLast(([what, at]) => what === 'heard' && at <= painted)?.[1]
  return { sent, heard, painted, frame: frame - pressed }
}

const browser = await open()
try {
  const technician = await stage('the technician signs in', () => Technician.open(browser, wish))
  const rows = [
    ...(await stage(`${wish.runs} sessions, click to picture`, () => clicksToPictures(technician))),
    ...(await stage(`${wish.presses} keys, press to pixel`, () => keysToPixels(technician))),
  ]
  writeFileSync(wish.out, JSON.stringify(rows))
} catch (error) {
  console.log(`\n  ${error.message}`)
  process.exitCode = 1
} finally {
  await browser.close()
}
