// A workstation: the agent, and a desktop of its own where it has a screen. Nothing of the machine's own desktop is touched.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { ours, Program, run } from './program.mjs'
import { until } from './stages.mjs'
import { pictureOf } from './x11.mjs'

const FOREIGN = ['DISPLAY', 'XAUTHORITY', 'WAYLAND_DISPLAY', 'WAYLEAVE_DIR', 'DBUS_SESSION_BUS_ADDRESS']

function environment(home) {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !FOREIGN.includes(name)))
  const below = { XDG_CONFIG_HOME: '.config', XDG_CACHE_HOME: '.cache', XDG_DATA_HOME: '.local/share', XDG_STATE_HOME: '.local/state', XDG_RUNTIME_DIR: '.runtime' }
  for (const [name, folder] of Object.entries(below)) env[name] = join(home, folder)
  mkdirSync(env.XDG_RUNTIME_DIR, { recursive: true, mode: 0o700 })
  return { ...env, HOME: home, SHELL: '/bin/sh', PS1: '$ ', LANG: 'C.UTF-8', LC_ALL: 'C.UTF-8', NO_COLOR: '1', NO_AT_BRIDGE: '1', XDG_SESSION_TYPE: 'x11' }
}

export class Workstation {
  #programs = []

  constructor(folder, label) {
    this.label = label
    this.home = join(folder, label, 'home')
    this.state = join(folder, label, 'state')
    mkdirSync(this.home, { recursive: true })
    this.env = environment(this.home)
  }

  #start(command, args) {
    const program = new Program(command, args, { env: this.env, cwd: this.home })
    this.#programs.unshift(program)
    return program
  }

  // An X server with a window manager and a terminal, whose clipboard any text may be put on by an escape sequence.
  async openDesktop(size = '1280x800') {
    const server = this.#start('Xvfb', ['-displayfd', '1', '-screen', '0', `${size}x24`, '-nolisten', 'tcp', '-noreset'])
    const [, number] = await server.says(/^(\d+)$/m)
    this.number = Number(number)
    this.env.DISPLAY = `:${number}`
    this.#start('openbox', [])
    await until('the window manager', async () => (await this.#ask('xprop', ['-root', '_NET_SUPPORTING_WM_CHECK'])).includes('window id'))
    await this.open('xterm', ['-title', 'Terminal', '-xrm', 'XTerm*allowWindowOps: true', '-fa', 'DejaVu Sans Mono', '-fs', '11', '-geometry', '90x26+40+60'], 'Terminal')
  }

  // Starts a program on the desktop and waits for its window.
  async open(command, args, title) {
    this.#start(command, args)
    await until(`the window "${title}"`, async () => (await this.#ask('xwininfo', ['-root', '-tree'])).includes(title))
  }

  #ask(command, args) {
    return run(command, args, { env: this.env })
  }

  // The words that the machine itself shows.
  async words() {
    const shown = await this.#ask(ours('wayleave-agent'), ['fingerprint', '--dir', this.state])
    return /^words:\s+(.+)$/m.exec(shown)[1]
  }

  async runAgent(org, server) {
    const display = this.env.DISPLAY ? ['--display', this.env.DISPLAY] : []
    const where = ['--org', org, '--server', server, '--dir', this.state, '--files-root', this.home, '--label', this.label]
    await this.#start(ours('wayleave-agent'), ['run', ...where, ...display]).says(/the agent starts/)
  }

  // The chain of receipts, as the machine itself prints it.
  receipts() {
    return this.#ask(ours('wayleave-agent'), ['receipts', '--dir', this.state])
  }

  picture() {
    return pictureOf(this.number)
  }

  // The newest first: the X server goes when nobody needs it any more.
  async stop() {
    for (const program of this.#programs.splice(0)) await program.stop()
  }
}
