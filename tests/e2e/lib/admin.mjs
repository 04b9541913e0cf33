// An admin at the console, by the names that a screen reader reads.
import { readFile } from 'node:fs/promises'

export class Admin {
  constructor(page) {
    this.page = page
  }

  async visit(name) {
    await this.page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name }).click()
    await this.page.getByRole('heading', { level: 1 }).first().waitFor()
  }

  // Fills in the page on which an organisation is made.
  async describe({ name, domain, person }) {
    await this.page.getByRole('link', { name: 'Create an organisation' }).click()
    await this.page.getByLabel('Name', { exact: true }).fill(name)
    await this.page.getByLabel('Domain').fill(domain)
    await this.page.getByLabel('Your name').fill(person)
  }

  // Presses the button and saves the file; what is in it.
  async saveBackup() {
    const [download] = await Promise.all([
      this.page.waitForEvent('download'),
      this.page.getByRole('link', { name: 'Save the backup keys' }).click(),
    ])
    const file = await download.path()
    return { file, keys: JSON.parse(await readFile(file, 'utf8')) }
  }

  // Makes an organisation with a passkey on an origin of its own and enters it; its id.
  async begin(origin, who) {
    await this.page.goto(origin)
    await this.describe(who)
    await this.page.getByRole('radio', { name: 'My organisation' }).check()
    await this.page.getByRole('button', { name: 'Create' }).click()
    const { keys } = await this.saveBackup()
    await this.page.getByRole('button', { name: 'Go to the console' }).click()
    return keys.org
  }

  // The first policy, as the page suggests it but for this.
  async makePolicy({ unattended, approvals }) {
    await this.visit('Policies')
    await this.page.getByRole('button', { name: 'Make the first' }).click()
    const dialog = this.page.getByRole('dialog')
    await dialog.getByRole('checkbox', { name: 'Unattended' }).setChecked(unattended)
    await dialog.getByLabel('Approvals', { exact: true }).fill(String(approvals))
    await dialog.getByRole('button', { name: 'Sign', exact: true }).click()
    await dialog.waitFor({ state: 'detached' })
  }

  // Makes somebody an admin by the public key of his command line.
  async addAdmin({ name, person, key, look = () => undefined }) {
    await this.visit('Organisation')
    await this.page.getByRole('button', { name: 'Add an admin' }).click()
    const dialog = this.page.getByRole('dialog', { name: 'Add an admin' })
    await dialog.getByLabel('Name', { exact: true }).fill(name)
    await dialog.getByLabel('Person').fill(person)
    await dialog.getByLabel('Public key').fill(key)
    await look()
    await dialog.getByRole('button', { name: 'Sign' }).click()
    await dialog.waitFor({ state: 'detached' })
  }

  async invite(note) {
    await this.visit('People')
    await this.page.getByRole('button', { name: 'Invite a technician' }).click()
    const dialog = this.page.getByRole('dialog')
    await dialog.getByLabel('Who is it for').fill(note)
    await dialog.getByRole('button', { name: 'Make the link' }).click()
    const link = await dialog.getByLabel('Invitation link').inputValue()
    await dialog.getByRole('button', { name: 'Done' }).click()
    return link
  }

  // The words that the page shows of the one answer that came.
  async openAnswer() {
    await this.page.getByRole('button', { name: 'Compare and admit' }).click()
    return (await this.page.getByRole('dialog').locator('.words').innerText()).trim()
  }

  async admitAnswer() {
    const dialog = this.page.getByRole('dialog')
    await dialog.getByRole('checkbox', { name: 'We compared the words' }).check()
    await dialog.getByRole('button', { name: 'Sign and admit' }).click()
    await dialog.waitFor({ state: 'detached' })
  }

  // The words of a device that waits, now or soon.
  async waitingWords(name) {
    const row = this.page.getByRole('row').filter({ has: this.page.getByRole('checkbox', { name: `Select ${name}` }) })
    return (await row.locator('.words').innerText()).trim()
  }

  // Of all that the search leaves, with one signature.
  async admitShown() {
    await this.page.getByRole('checkbox', { name: 'Select all shown' }).check()
    await this.page.getByRole('button', { name: /^Admit \d+ selected$/ }).click()
    const dialog = this.page.getByRole('dialog')
    await dialog.getByRole('checkbox', { name: /^I compared these words/ }).check()
    await dialog.getByRole('button', { name: 'Sign and admit' }).click()
    await dialog.waitFor({ state: 'detached' })
  }

  async statements() {
    await this.visit('Organisation')
    return Number(/(\d+) statements/.exec(await this.page.getByRole('main').innerText())[1])
  }

  async revoke(person, reason) {
    await this.visit('People')
    await this.page.getByRole('button', { name: `Revoke ${person}` }).click()
    const dialog = this.page.getByRole('dialog')
    await dialog.getByLabel('Reason').fill(reason)
    await dialog.getByRole('button', { name: 'Revoke for good' }).click()
    await dialog.waitFor({ state: 'detached' })
  }
}
