// A service of its own for one test: free port, empty data folder, ended with the test. Beside it, where a test wants them,
// a witness and the console that an admin runs on his own machine.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ours, Program, run } from './program.mjs'

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

// Gone with the test, and with one that is stopped too.
export function temporaryFolder() {
  const folder = mkdtempSync(join(tmpdir(), 'wayleave-e2e-'))
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  process.once('exit', remove)
  return { folder, remove }
}

// `witnesses` are suggested to new organisations.
export async function startService({ witnesses = [] } = {}) {
  const { folder, remove } = temporaryFolder()
  const config = join(folder, 'server.toml')
  const suggested = witnesses.map(({ name, url, key }) => (
    `[[witnesses]]\nname = "${name}"\nurl = "${url}"\nholds_revocations = true\nkey = { kind = "ed25519", public = "${key}" }\n`
  ))
  writeFileSync(config, [
    'listen = "127.0.0.1:0"', `data_dir = "${folder}/data"`, 'insecure_loopback = true', 'witnesses_on_private_addresses = true', ...suggested,
  ].join('\n'))
  const program = new Program(ours('wayleave-server'), ['run', '--config', config])
  const stop = async () => {
    await program.stop()
    remove()
  }
  try {
    const [, url] = await program.says(/listening on .*(http:\/\/localhost:\d+)/)
    return { url, folder, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

// A witness that cosigns for any organisation.
export async function startWitness(dir) {
  const [name, key] = (await run(ours('wayleave'), ['witness', 'init', '--name', 'watch', '--dir', dir])).trim().split(',')
  const program = new Program(ours('wayleave'), ['witness', '--allow-any-org', '--listen', '127.0.0.1:0', '--dir', dir])
  const [, url] = await program.says(/listens on (http:\/\/\S+)/)
  return { name, key, url, stop: () => program.stop() }
}

// `wayleave console`: the page's files from the installed program, on an origin that is the admin's own.
export async function startConsole(server) {
  const port = await freePort()
  const program = new Program(ours('wayleave'), ['console', '--server', server, '--port', String(port)])
  const [, url] = await program.says(/The console is at (http:\/\/localhost:\d+)/)
  return { url, stop: () => program.stop() }
}
