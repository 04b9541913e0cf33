// A policy holds files beneath a folder and asks for a ticket: its form, the warrant before it is signed, and what the session
// reaches.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { fact, isAccessible } from './lib/facts.mjs'
import { Stand } from './lib/stand.mjs'
import { until } from './lib/stages.mjs'

let stand, admin, technician, desk, documents

before(async () => {
  stand = await Stand.raise({ width: 1280, height: 800 })
  void ({ admin, technician, desk } = stand)
  documents = join(desk.home, 'Documents')
  mkdirSync(documents)
  writeFileSync(join(documents, 'letter.txt'), 'Dear Ada')
  writeFileSync(join(desk.home, 'secret.txt'), 'secret')
})
after(() => stand?.stop())

fact('an organisation has a workstation and a technician', async () => {
  const org = await admin.begin(stand.origin, { name: 'Northwind Ltd', domain: 'it.northwind.example', person: 'Ada Admin' })
  await technician.join(await admin.invite('Tess from the help desk'), 'Tess Technician')
  await admin.openAnswer()
  await admin.admitAnswer()
  await technician.page.getByRole('heading', { name: 'Devices' }).waitFor()
  await desk.runAgent(org, stand.service.url)
  await admin.visit('Waiting')
  await admin.waitingWords('front-desk')
  await admin.admitShown()
})

fact('the form of a policy takes folders in one form only, and asks for a ticket', async () => {
  await admin.visit('Policies')
  await admin.page.getByRole('button', { name: 'Make the first' }).click()
  const dialog = admin.page.getByRole('dialog')
  await dialog.getByRole('checkbox', { name: 'Unattended' }).check()
  await dialog.getByRole('checkbox', { name: 'Ticket required' }).check()
  await dialog.getByText('Narrow it down: folders and users').click()
  const folders = dialog.getByLabel('Fetch only from these folders')
  await folders.fill(`${documents}/`)
  await dialog.getByRole('alert').filter({ hasText: 'is no absolute path in its shortest form' }).waitFor()
  await folders.fill(documents)
  await isAccessible(admin.page)
  await dialog.getByRole('button', { name: 'Sign', exact: true }).click()
  await dialog.waitFor({ state: 'detached' })
  await admin.page.getByText(`fetches only from ${documents}`).waitFor()
  await admin.page.getByText('with a ticket', { exact: true }).waitFor()
  await isAccessible(admin.page)
})

fact('the policies page knows what the ticket and the folders mean for a question', async () => {
  const check = admin.page.getByRole('region', { name: 'Who may do what' })
  const answer = check.getByRole('status')
  await answer.getByText('The policy asks for a ticket. Name the ticket that this is about.').waitFor()
  await check.getByRole('checkbox', { name: 'With a ticket' }).check()
  await answer.getByText('Allowed, by the policy helpdesk').waitFor()
  await check.getByRole('checkbox', { name: 'Fetch files' }).check()
  await check.getByText('Narrow it down').click()
  await check.getByLabel('Fetch only from').fill('/etc')
  await answer.getByText(`The policy allows files to be fetched only under ${documents}.`).waitFor()
  await isAccessible(admin.page)
})

fact('nothing is signed without the ticket, and the warrant names the folder', async () => {
  const { page } = technician
  await page.getByRole('button', { name: /^Connect to front-desk/ }).click()
  const dialog = page.getByRole('dialog')
  const sign = dialog.getByRole('button', { name: 'Sign and connect' })
  await dialog.getByLabel('Why').fill('A letter is gone')
  await dialog.getByText('The policy asks for a ticket.').waitFor()
  assert.equal(await sign.isDisabled(), true)
  await isAccessible(page)
  await dialog.getByLabel('Ticket').fill('T-17')
  await dialog.getByText(`only under ${documents}`).waitFor()
  await until('a policy that covers the warrant', () => sign.isEnabled())
  await isAccessible(page)
  await sign.click()
  await technician.firstPicture(0)
})

fact('the session fetches from that folder, shows nothing else, and says so', async () => {
  assert.ok((await technician.warrant()).includes(`only under ${documents}`))
  const { page } = technician
  await page.getByRole('button', { name: 'Files', exact: true }).click()
  const panel = page.getByRole('complementary', { name: 'Files' })
  await panel.getByRole('button', { name: 'Documents' }).waitFor()
  assert.equal(await panel.getByText('secret.txt').count(), 0)
  await panel.getByRole('button', { name: 'Close files' }).click()
  const file = await technician.fetchFile('Documents', 'letter.txt')
  assert.equal(file.toString(), 'Dear Ada')
  await technician.end()
})
