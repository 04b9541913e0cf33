// A service of its own for one test: free port, empty data folder, ended with the test.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

const PROGRAMS = process.env.WAYLEAVE_PROGRAMS ?? new URL('../../../target/debug', import.meta.url).pathname
const PATIENCE_MS = 20_000

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })
}

export async function startService() {
  const folder = mkdtempSync(join(tmpdir(), 'wayleave-e2e-'))
  const port = await freePort()
  const url = `http://localhost:${port}`
  const config = join(folder, 'server.toml')
  writeFileSync(
    config,
    `listen = "127.0.0.1:${port}"\npublic_url = "${url}"\ndata_dir = "${folder}/data"\ninsecure_loopback = true\n`,
  )
  const child = spawn(join(PROGRAMS, 'wayleave-server'), ['run', '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk))
  const ended = new Promise((resolve) => child.once('close', resolve))
  const stop = async () => {
    child.kill('SIGTERM')
    const stubborn = setTimeout(() => child.kill('SIGKILL'), 5_000)
    await ended
    clearTimeout(stubborn)
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await ready(url, child, () => said)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, port, folder, stop }
}

async function ready(url, child, said) {
  const until = Date.now() + PATIENCE_MS
  while (Date.now() < until) {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}:\n${said()}`)
    const answer = await fetch(`${url}/readyz`).catch(() => null)
    if (answer?.ok) return
    await pause(50)
  }
  throw new Error(`the service was not ready within ${PATIENCE_MS} ms:\n${said()}`)
}
