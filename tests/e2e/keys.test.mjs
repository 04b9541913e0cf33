// What a security officer looks at: who holds which key, what breaks without it, and who has confirmed a revocation.
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { fact, isAccessible } from './lib/facts.mjs'
import { Stand } from './lib/stand.mjs'

let stand, admin, org

before(async () => {
  stand = await Stand.raise({ width: 800, height: 600 })
  admin = stand.admin
})
after(() => stand?.stop())

const confirmation = () => admin.page.getByRole('region', { name: 'Who has confirmed' })

// A technician with a software key in a browser of her own.
async function technician(name) {
  const { Console } = await import('./lib/console.mjs')
  const person = new Console(await stand.newPage())
  await person.join(await admin.invite(name), name)
  await admin.openAnswer()
  await admin.admitAnswer()
  return person
}

fact('an organisation has two workstations and three technicians', async () => {
  org = await admin.begin(stand.origin, { name: 'Northwind Ltd', domain: 'it.northwind.example', person: 'Ada Admin' })
  for (const station of [stand.desk, stand.lobby]) await station.runAgent(org, stand.service.url)
  await admin.visit('Waiting')
  await admin.waitingWords(stand.lobby.label)
  await admin.waitingWords(stand.desk.label)
  await admin.admitShown()
  for (const name of ['Tess Technician', 'Tim Technician', 'Toni Technician']) await technician(name)
  await admin.makePolicy({ unattended: true, approvals: 0 })
})

fact('every workstation that is on confirms a revocation by its signature', async () => {
  await admin.revoke('Tess Technician', 'She left')
  await confirmation().getByText('Confirmed by 2 of 2 devices, 1 of 1 witness').waitFor()
  await confirmation().getByText('In force on every device at').waitFor()
  assert.equal(await confirmation().getByRole('progressbar', { name: 'Devices that have confirmed' }).getAttribute('value'), '2')
  await isAccessible(admin.page)
  await confirmation().getByRole('button', { name: 'Put away: Revocation of Tess Technician' }).click()
  await confirmation().waitFor({ state: 'detached' })
})

fact('one that is off is named until it has come back and signed', async () => {
  await stand.lobby.stop()
  await admin.revoke('Tim Technician', 'He left')
  await confirmation().getByText('Confirmed by 1 of 2 devices, 1 of 1 witness').waitFor()
  await confirmation().getByRole('listitem').filter({ hasText: 'lobby-screen' }).getByText('offline, last seen').waitFor()
  assert.equal(await confirmation().getByRole('listitem').count(), 1)
  await isAccessible(admin.page)
  await stand.lobby.runAgent(org, stand.service.url)
  await confirmation().getByText('Confirmed by 2 of 2 devices').waitFor()
  assert.deepEqual(admin.page.complaints, [])
})
