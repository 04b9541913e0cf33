// Programs that a test starts. Each is ended by its own process id: when the test is through, and when it is stopped.
import { execFile, spawn } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const PROGRAMS = process.env.WAYLEAVE_PROGRAMS ?? new URL('../../../target/debug', import.meta.url).pathname
const PATIENCE_MS = 20_000
const GRACE_MS = 5_000

const running = new Set()
process.on('exit', () => { for (const child of running) child.kill('SIGKILL') })
for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143]]) process.once(signal, () => process.exit(code))

// Where one of our own programs is.
export function ours(name) {
  return join(PROGRAMS, name)
}

// Runs a program to its end; what it printed.
export async function run(command, args, options = {}) {
  const { stdout } = await promisify(execFile)(command, args, { timeout: PATIENCE_MS, ...options })
  return stdout
}

export class Program {
  #said = ''
  #heard = () => undefined

  constructor(command, args, options = {}) {
    this.name = [command.split('/').at(-1), args[0]].join(' ')
    this.child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options })
    running.add(this.child)
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => { this.#hear(`${error.message}\n`); resolve() })
      this.child.once('close', resolve)
    }).then(() => { running.delete(this.child); this.#heard() })
    for (const stream of [this.child.stdout, this.child.stderr]) stream.on('data', (chunk) => this.#hear(chunk))
  }

  #hear(chunk) {
    this.#said += chunk
    this.#heard()
  }

  // What the pattern finds in all that the program says, now or later.
  async says(pattern) {
    const late = AbortSignal.timeout(PATIENCE_MS)
    for (;;) {
      const found = pattern.exec(this.#said)
      if (found) return found
      if (!running.has(this.child)) throw new Error(`${this.name} ended without ${pattern}:\n${this.#said}`)
      if (late.aborted) throw new Error(`${this.name} did not say ${pattern} within ${PATIENCE_MS} ms:\n${this.#said}`)
      await new Promise((resolve) => {
        this.#heard = resolve
        late.addEventListener('abort', resolve, { once: true })
      })
    }
  }

  async stop() {
    if (!running.has(this.child)) return
    this.child.kill('SIGTERM')
    const stubborn = setTimeout(() => this.child.kill('SIGKILL'), GRACE_MS)
    await this.ended
    clearTimeout(stubborn)
  }
}
