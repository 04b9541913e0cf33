// Holds a session open in which nothing happens, says `open` and counts what comes meanwhile; `cargo xtask bench` watches
// the agent. Stays until it is ended.
import { renameSync, writeFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { open } from '../tests/e2e/lib/chromium.mjs'
import { one } from './lib/rows.mjs'
import { Technician } from './lib/technician.mjs'

const wish = JSON.parse(process.env.WAYLEAVE_BENCH)
const SETTLED_MS = 5000

const technician = await Technician.open(await open(), wish)
await technician.connect()
await technician.watchWorker()
await pause(SETTLED_MS)
const count = () => technician.worker.evaluate(() => ({ ...self.bench, seen: 0 }))
const before = await count()
console.log('open')
await pause(wish.seconds * 1000)
const after = await count()
const perSecond = (what) => (after[what] - before[what]) / wish.seconds
const rows = [
  one('idle session: bytes from the workstation', 'bytes/s', perSecond('bytes')),
  one('idle session: messages from the workstation', '1/s', perSecond('messages')),
  one('idle session: painted rectangles', '1/s', perSecond('paints')),
]
writeFileSync(`${wish.out}.part`, JSON.stringify(rows))
renameSync(`${wish.out}.part`, wish.out)
await new Promise(() => {})
