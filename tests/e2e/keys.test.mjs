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
async function technician(name, days) {
  const { Console } = await import('./lib/console.mjs')
  const person = new Console(await stand.newPage())
  await person.join(await admin.invite(name), name)
  await admin.openAnswer()
  if (days) await admin.page.getByRole('dialog').getByLabel('Days').fill(String(days))
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
  for (const name of ['Tess Technician', 'Tim Technician']) await technician(name)
  await technician('Toni Technician', 7)
  await admin.makePolicy({ unattended: true, approvals: 0 })
})

const row = (name) => admin.page.getByRole('row').filter({ hasText: name })

fact('the page of keys says who holds each, how, when it was last used and until when', async () => {
  await admin.visit('Keys')
  await row('Ada Admin').getByText('passkey').waitFor()
  await row('Ada Admin').getByText('signed in, the service’s word').waitFor()
  await row('Toni Technician').getByText('held by a page').waitFor()
  await row('Toni Technician').getByText('expires in 7 days').waitFor()
  await row('lobby-screen').getByText('signed by the device').waitFor()
  for (const name of ['watch', 'The service']) await row(name).first().waitFor()
  await isAccessible(admin.page)
  await admin.page.getByRole('combobox', { name: 'Kind of key' }).selectOption('technician')
  await row('lobby-screen').waitFor({ state: 'detached' })
  await admin.page.getByRole('searchbox', { name: 'Search keys' }).fill('no such key')
  await admin.page.getByText('No key matches').waitFor()
  await admin.page.getByRole('button', { name: 'Show all' }).click()
  await row('lobby-screen').waitFor()
})

fact('and what breaks without one, by the keyboard alone', async () => {
  const button = (name) => admin.page.getByRole('button', { name: `What breaks without the key of ${name}` })
  await button('Ada Admin, admin').focus()
  await admin.page.keyboard.press('Enter')
  const effects = admin.page.getByRole('list', { name: 'Without this key' })
  // She has a second one.
  await admin.page.getByText('Nothing breaks without it.').waitFor()
  await isAccessible(admin.page)
  await button('watch, witness').click()
  await effects.getByText('0 of the 1 witnesses that it takes are left').waitFor()
  // Two others could do what she does.
  await button('Tess Technician, technician').click()
  await effects.getByText('The person holds no other key that counts.').waitFor()
  assert.equal(await effects.getByRole('listitem').count(), 1)
})

fact('a key that expires soon is told of above every page until it is put away for the day', async () => {
  const notice = admin.page.getByRole('status').filter({ hasText: 'expires within 7 days' })
  await notice.getByText('Toni Technician').waitFor()
  await admin.visit('Devices')
  await notice.waitFor()
  await notice.getByRole('button', { name: 'Not today' }).click()
  await notice.waitFor({ state: 'detached' })
  await admin.page.reload()
  await admin.page.getByRole('heading', { name: 'Devices' }).waitFor()
  assert.equal(await notice.count(), 0)
})

fact('without a spare witness the organisation’s page recommends two of three', async () => {
  await admin.visit('Organisation')
  await admin.page.getByText('The quorum takes the only witness').waitFor()
  await isAccessible(admin.page)
})

fact('every workstation that is on confirms a revocation by its signature', async () => {
  await admin.revoke('Tess Technician', 'She left')
  await confirmation().getByText('Confirmed by 2 of 2 devices, 1 of 1 witness').waitFor()
  await confirmation().getByText('In force on every device: each has signed that it holds it.').waitFor()
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
  await confirmation().getByText('at the latest: a device that does not learn of it closes by then').waitFor()
  await isAccessible(admin.page)
  await stand.lobby.runAgent(org, stand.service.url)
  await confirmation().getByText('Confirmed by 2 of 2 devices').waitFor()
  assert.deepEqual(admin.page.complaints, [])
})

fact('the last technician is revoked from the page of keys, which says first what breaks', async () => {
  await admin.visit('Keys')
  await admin.page.getByRole('button', { name: 'Revoke the key of Toni Technician' }).click()
  const dialog = admin.page.getByRole('dialog')
  for (const text of ['is left without a technician', 'Nobody can open 2 devices any more.']) await dialog.getByText(text).waitFor()
  await isAccessible(admin.page)
  await dialog.getByLabel('Reason').fill('She left too')
  await dialog.getByRole('button', { name: 'Revoke for good' }).click()
  await confirmation().getByText('Revocation of Toni Technician').waitFor()
  await confirmation().getByText('Confirmed by 2 of 2 devices').waitFor()
  await row('Toni Technician').waitFor({ state: 'detached' })
  await admin.page.getByRole('checkbox', { name: 'Also those that no longer count' }).check()
  await row('Toni Technician').getByText('revoked').waitFor()
  assert.deepEqual(admin.page.complaints, [])
})

fact('while no witness has vouched for half of max_age, every page says so and what follows', async () => {
  const outage = admin.page.getByRole('status').filter({ hasText: 'No quorum of witnesses has vouched' })
  await admin.page.clock.setFixedTime(Date.now() + 200_000)
  await outage.getByText('Open sessions pause, and from').waitFor()
  await outage.getByText('Two of three are better.').waitFor()
  await isAccessible(admin.page)
  await admin.page.clock.setFixedTime(Date.now())
  await outage.waitFor({ state: 'detached' })
})
