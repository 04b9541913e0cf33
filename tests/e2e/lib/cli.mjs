// Somebody at his command line, with keys of his own.
import { join } from 'node:path'
import { ours, run } from './program.mjs'

export class CommandLine {
  constructor(folder, name, org) {
    this.dir = join(folder, name)
    this.org = org
    this.name = name
  }

  run(...args) {
    const env = { ...process.env, WAYLEAVE_PASSPHRASE: 'correct horse battery staple' }
    return run(ours('wayleave'), ['--json', '--yes', '--org', this.org, '--dir', this.dir, ...args], { env })
  }

  async ask(...args) {
    return JSON.parse(await this.run(...args))
  }

  // Pins the organisation and makes an admin's keys; what an admin is given of them.
  async becomeAdmin(server) {
    await this.run('org', 'pin', this.org, '--server', server)
    const { key, member_key } = await this.ask('key', 'new')
    return `${key},${member_key}`
  }
}
