// The whole story in a real browser with real programs: an organisation begins on its admin's own machine, takes in a
// technician and two workstations, a session does all that a session can, and a revocation ends it.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { fact, isAccessible } from './lib/facts.mjs'
import { showsPicture } from './lib/pixels.mjs'
import { Stand } from './lib/stand.mjs'
import { until } from './lib/stages.mjs'

const TERMINAL = { x: 300, y: 300 } // On the workstation's desktop.
let stand, admin, technician, desk, org, backup

const typed = () => readFileSync(join(desk.home, 'typed'), 'utf8')

before(async () => {
  stand = await Stand.raise({ width: 1280, height: 800 })
  void ({ admin, technician, desk } = stand)
})
after(() => stand?.stop())

fact('on a page that a vendor runs no admin key is made', async () => {
  await admin.page.goto(stand.origin)
  await admin.page.getByRole('heading', { name: 'Wayleave' }).waitFor()
  await isAccessible(admin.page)
  await admin.describe({ name: 'Northwind Ltd', domain: 'it.northwind.example', person: 'Ada Admin' })
  await admin.page.getByRole('radio', { name: 'A vendor' }).check()
  await admin.page.getByRole('alert').filter({ hasText: 'decides what your key signs' }).waitFor()
  await isAccessible(admin.page)
  assert.equal(await admin.page.getByRole('button', { name: 'Create' }).isDisabled(), true)
})

fact('who does without a second key reads in red what that means', async () => {
  await admin.page.getByRole('radio', { name: 'My organisation' }).check()
  for (const [without, state] of [[true, 'visible'], [false, 'detached']]) {
    await admin.page.getByRole('checkbox', { name: 'Do without a second admin key' }).setChecked(without)
    await admin.page.getByRole('alert').filter({ hasText: 'If this one key is lost' }).waitFor({ state })
  }
})

fact('an organisation begins with a passkey, and not before its backup is saved', async () => {
  await admin.page.getByRole('button', { name: 'Create' }).click()
  const enter = admin.page.getByRole('button', { name: 'Go to the console' })
  await enter.waitFor()
  await isAccessible(admin.page)
  assert.equal(await enter.isDisabled(), true)
  const { keys, file } = await admin.saveBackup()
  backup = file
  for (const name of ['admin_seed', 'recovery_seed']) assert.equal(Buffer.from(keys[name], 'base64url').length, 32, name)
  org = keys.org
  await admin.page.getByText(org).waitFor()
  await enter.click()
  await admin.page.getByText(`wayleave-agent run --server ${stand.service.url} --org ${org}`).waitFor()
})

fact('a witness that the service suggests vouches for the ledger', async () => {
  assert.equal(await admin.statements(), 1)
  for (const text of ['watch', 'quorum 1']) await admin.page.getByText(text, { exact: true }).waitFor()
  await isAccessible(admin.page)
})

fact('an invited technician and his admin read the same six words', async () => {
  const link = await admin.invite('Tess from the help desk')
  await technician.page.goto(link)
  await technician.page.getByLabel('Your name').fill('Tess Technician')
  await technician.page.getByRole('radio', { name: 'Software key' }).check()
  await isAccessible(technician.page)
  await technician.page.getByRole('button', { name: 'Make my key' }).click()
  const read = (await technician.page.locator('.words').innerText()).trim()
  const shown = await admin.openAnswer()
  await isAccessible(technician.page)
  await isAccessible(admin.page)
  assert.equal(shown, read)
  assert.equal(shown.split(' ').length, 6)
  await admin.admitAnswer()
  await technician.page.getByRole('heading', { name: 'Devices' }).waitFor()
  await isAccessible(admin.page)
})

fact('a workstation waits under the words that it shows itself', async () => {
  await admin.visit('Waiting')
  for (const station of [desk, stand.lobby]) {
    await station.runAgent(org, stand.service.url)
    assert.equal(await admin.waitingWords(station.label), await station.words())
  }
  await isAccessible(admin.page)
})

fact('devices that a search leaves are admitted with one signature', async () => {
  const search = admin.page.getByRole('searchbox', { name: 'Search waiting devices' })
  for (const [text, shown] of [['no such machine', 'Nothing matches'], ['', 'lobby-screen']]) {
    await search.fill(text)
    await admin.page.getByText(shown).waitFor()
  }
  const signed = stand.passkey.signatures
  await admin.admitShown()
  assert.equal(stand.passkey.signatures - signed, 1)
  await admin.page.getByText('No device is waiting').waitFor()
  assert.equal(await admin.statements(), 3)
})

fact('a policy lets the help desk in unattended', async () => {
  await admin.visit('Policies')
  await admin.page.getByRole('button', { name: 'Make the first' }).click()
  await admin.page.getByRole('checkbox', { name: 'Unattended' }).check()
  await isAccessible(admin.page)
  await admin.page.getByRole('button', { name: 'Sign', exact: true }).click()
  await admin.page.getByRole('cell', { name: 'helpdesk → workstations' }).waitFor()
  await isAccessible(admin.page)
})

fact('the policies page says who may do what, and what is in the way', async () => {
  const check = admin.page.getByRole('region', { name: 'Who may do what' })
  const answer = check.getByRole('status')
  await answer.getByText('Allowed, by the policy helpdesk').waitFor()
  await check.getByLabel('Minutes').fill('90')
  await answer.getByText('The policy allows 1 hour at most. Ask for less, or an admin allows more').waitFor()
  await answer.getByText('Not allowed').waitFor()
  await isAccessible(admin.page)
  await check.getByLabel('Minutes').fill('60')
  await answer.getByText('Allowed, by the policy helpdesk').waitFor()
})

fact('a technician who types a name, Enter, why and Enter sees the very picture of the screen', async () => {
  const { page } = technician
  await page.getByText('2 online of 2').waitFor()
  await isAccessible(page)
  await page.keyboard.type('/front')
  await page.keyboard.press('Enter')
  await page.getByRole('dialog', { name: 'Connect to front-desk' }).waitFor()
  await page.keyboard.type('The printer is silent')
  await page.getByText('Allowed by the policy helpdesk').waitFor()
  await isAccessible(page)
  await page.keyboard.press('Enter')
  await technician.firstPicture(0)
  await showsPicture(technician.screen, () => desk.picture(), 'image/bmp')
  await isAccessible(page)
})

fact('what he types arrives in the terminal of the workstation', async () => {
  // The window manager gives the terminal the keyboard some time after the click.
  await until('the typed file', async () => {
    await technician.click(TERMINAL.x, TERMINAL.y)
    await technician.page.keyboard.type('echo "Hello, World" > typed\n')
    await until('what was typed', () => typed() === 'Hello, World\n', 3_000)
    return true
  })
})

fact('what is copied on the workstation is on his clipboard, and the page says so', async () => {
  await technician.page.keyboard.type("printf '\\033]52;c;%s\\a' $(printf 'out of paper' | base64)\n")
  await technician.page.getByText('12 characters copied on the workstation: they are on your clipboard').waitFor()
  assert.equal(await technician.page.evaluate(() => navigator.clipboard.readText()), 'out of paper')
})

fact('keys that the browser eats are sent from a menu', async () => {
  await technician.page.keyboard.type('cat > typed\n')
  await until('an empty file', () => typed() === '')
  await technician.page.keyboard.type('before')
  await technician.sendKeys('Ctrl+W', () => isAccessible(technician.page))
  await technician.page.keyboard.type('after\n')
  await technician.page.keyboard.press('Control+d')
  await until('the word that was typed after', () => typed() === 'after\n')
})

fact('his shell runs a command on the workstation', async () => {
  await technician.runInShell('echo $((6*7))-from-$(basename $(dirname $PWD))', '42-from-front-desk', () => isAccessible(technician.page))
})

fact('files arrive in both directions, byte for byte', async () => {
  const [there, back] = [randomBytes(300_000), randomBytes(200_000)]
  writeFileSync(join(desk.home, 'report.bin'), there)
  assert.ok((await technician.fetchFile('report.bin')).equals(there))
  await technician.putFile('fix.bin', back, () => isAccessible(technician.page))
  assert.ok(readFileSync(join(desk.home, 'fix.bin')).equals(back))
})

fact('a reload of the page resumes the session with the same warrant', async () => {
  await technician.page.reload()
  await technician.firstPicture(0)
  assert.match(await technician.warrant(() => isAccessible(technician.page)), /The printer is silent/)
  assert.match(await desk.receipts(), /resume/)
  await technician.end()
  assert.deepEqual(technician.page.complaints, [])
})

fact('a warrant to look offers no control', async () => {
  await technician.connect({ device: 'front-desk', why: 'Only looking', only: ['view'] })
  await technician.firstPicture(0)
  await technician.page.getByText('viewing').waitFor()
  for (const name of ['Files', 'Shell', 'Paste', 'Keys']) assert.equal(await technician.page.getByRole('button', { name, exact: true }).count(), 0, name)
  await technician.click(TERMINAL.x, TERMINAL.y)
  await technician.page.keyboard.type('touch looked\n')
  await technician.end()
  assert.equal(existsSync(join(desk.home, 'looked')), false)
})

fact('the workstation’s receipts say who was there and why, and whole they are', async () => {
  const { page } = admin
  await admin.visit('Receipts')
  await page.getByLabel('Device').selectOption({ label: 'front-desk' })
  await page.getByText('Whole to receipt').waitFor()
  await page.getByRole('cell', { name: 'sealed' }).first().waitFor()
  await isAccessible(page)
  await page.getByLabel('Audit secret').fill('A'.repeat(43))
  await page.getByText('another organisation’s').waitFor()
  await page.getByLabel('Backup file').setInputFiles(backup)
  await page.getByRole('cell', { name: 'The printer is silent' }).first().waitFor()
  await page.getByRole('cell', { name: 'Tess Technician' }).first().waitFor()
  await isAccessible(page)
  await page.getByRole('searchbox', { name: 'Search receipts' }).fill('nobody of this name')
  await page.getByRole('cell', { name: 'Tess Technician' }).first().waitFor({ state: 'detached' })
})

fact('a revoked technician is out at once and does not come back', async () => {
  await technician.connect({ device: 'front-desk', why: 'Once more' })
  await technician.firstPicture(0)
  await admin.invite('Omar, for later')
  await isAccessible(admin.page)
  await admin.visit('Sessions')
  await admin.page.getByRole('cell', { name: 'Tess Technician' }).first().waitFor()
  await isAccessible(admin.page)
  assert.deepEqual([...admin.page.complaints, ...technician.page.complaints], [])
  await admin.revoke('Tess Technician', 'She left the company')
  await admin.page.getByText('held by 1 of 1 witnesses').waitFor()
  await technician.page.getByRole('heading', { name: 'The session is over' }).waitFor()
  assert.match(await technician.page.getByRole('main').innerText(), /revoked/)
  await isAccessible(technician.page)
  await technician.page.getByRole('button', { name: 'Back to the devices' }).click()
  assert.match(await technician.refusal({ device: 'front-desk', why: 'Let me in' }), /revoked/)
})
