// Two of three admins give power: one in the browser with a passkey, two at their command lines, over the same drafts.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { CommandLine } from './lib/cli.mjs'
import { fact, isAccessible } from './lib/facts.mjs'
import { temporaryFolder } from './lib/service.mjs'
import { Stand } from './lib/stand.mjs'

let stand, admin, org, bob, cyd, folder

before(async () => {
  folder = temporaryFolder()
  stand = await Stand.raise({ width: 800, height: 600 })
  admin = stand.admin
})
after(async () => {
  await stand?.stop()
  folder?.remove()
})

const draft = (title) => admin.page.getByRole('region', { name: `Draft: ${title}` })
const policy = (name) => ['org', 'policy', 'set', name, '--technicians', 'helpdesk', '--devices', 'workstations', '--scope', 'view', '--max-minutes', '30']

fact('an admin adds two others, whose keys are at their command lines', async () => {
  org = await admin.begin(stand.origin, { name: 'Northwind Ltd', domain: 'it.northwind.example', person: 'Ada Admin' })
  for (const name of ['bob', 'cyd']) {
    const person = new CommandLine(folder.folder, name, org)
    const key = await person.becomeAdmin(stand.service.url)
    await admin.addAdmin({ name: name === 'bob' ? 'Bob Boss' : 'Cyd Chief', person: name, key, look: () => isAccessible(admin.page) })
    if (name === 'bob') bob = person
    else cyd = person
  }
  await admin.page.getByText('1 of 3 admins give power').waitFor()
})

fact('a higher threshold waits until a second admin has signed it, at his command line', async () => {
  await admin.page.getByRole('button', { name: 'Change the threshold' }).click()
  const dialog = admin.page.getByRole('dialog', { name: 'Change the threshold' })
  await dialog.getByText('2 admins have to sign this change').waitFor()
  await isAccessible(admin.page)
  await dialog.getByRole('button', { name: 'Sign' }).click()
  await draft('Roster 4').getByText('1 → 2').waitFor()
  await draft('Roster 4').getByText('1 of 2 signed').waitFor()
  await isAccessible(admin.page)
  const [waiting] = await bob.ask('org', 'drafts')
  assert.deepEqual(waiting.signed, ['Ada Admin'])
  assert.match(waiting.say.join('\n'), /2 needed/)
  await admin.page.getByText('1 of 3 admins give power').waitFor()
  await bob.run('org', 'cosign', waiting.draft)
  await admin.page.getByText('2 of 3 admins give power').waitFor()
  await draft('Roster 4').waitFor({ state: 'detached' })
})

fact('what one drafts at his command line another reads and signs in the browser, live', async () => {
  await admin.visit('Devices')
  const left = await bob.ask(...policy('helpdesk'))
  assert.deepEqual([left.have, left.need], [1, 2])
  await admin.page.getByText('Bob Boss asks for your signature: New policy helpdesk').waitFor()
  await admin.page.getByRole('link', { name: /^Organisation.*open: 1$/ }).waitFor()
  await admin.page.getByRole('button', { name: 'Look' }).click()
  for (const text of ['helpdesk', 'workstations', 'the user is asked, 30 minutes at most', 'Bob Boss']) await draft('New policy helpdesk').getByText(text, { exact: true }).waitFor()
  await isAccessible(admin.page)
  const signed = stand.passkey.signatures
  await admin.page.getByRole('button', { name: 'Sign New policy helpdesk' }).click()
  await draft('New policy helpdesk').waitFor({ state: 'detached' })
  assert.equal(stand.passkey.signatures - signed, 1)
  assert.deepEqual((await cyd.ask('org', 'policy', 'list')).map((p) => p.policy.name), ['helpdesk'])
})

fact('a draft that a revocation overtook is shown as such and made anew', async () => {
  const { draft: first } = await bob.ask(...policy('night'))
  await draft('New policy night').waitFor()
  const [{ id }] = await cyd.ask('org', 'policy', 'list')
  await cyd.run('org', 'revoke', 'policy', id, '--reason', 'not any more')
  await draft('New policy night').getByText('will not count').waitFor()
  await isAccessible(admin.page)
  await assert.rejects(cyd.run('org', 'cosign', first), /would not count, however many sign it/)
  await admin.page.getByRole('button', { name: 'Make anew: New policy night' }).click()
  await draft('New policy night').getByText('1 of 2 signed').waitFor()
  const [again] = await cyd.ask('org', 'drafts')
  assert.notEqual(again.draft, first)
  assert.deepEqual(again.signed, ['Ada Admin'])
  await cyd.run('org', 'cosign', again.draft)
  await draft('New policy night').waitFor({ state: 'detached' })
})

fact('a draft is discarded, and one in a file goes from hand to hand', async () => {
  await bob.run(...policy('nobody-wants-it'))
  await admin.page.getByRole('button', { name: 'Discard New policy nobody-wants-it' }).click()
  await draft('New policy nobody-wants-it').waitFor({ state: 'detached' })
  const file = join(folder.folder, 'day.json')
  await bob.run(...policy('day'), '--propose', file)
  await cyd.run('org', 'cosign', file)
  assert.deepEqual((await bob.ask('org', 'policy', 'list')).map((p) => p.policy.name), ['day', 'night'])
  await admin.visit('Policies')
  await admin.page.getByRole('row', { name: /^day/ }).waitFor()
  assert.deepEqual(admin.page.complaints, [])
})

fact('an invited person becomes an admin by two signatures, and sees what an admin sees', async () => {
  const { technician } = stand
  await technician.join(await admin.invite('Dana, a fourth admin'), 'Dana Director')
  await admin.openAnswer()
  const dialog = admin.page.getByRole('dialog')
  await dialog.getByRole('radio', { name: 'Admin' }).check()
  await dialog.getByText('gives power with as many others').waitFor()
  await isAccessible(admin.page)
  await admin.admitAnswer()
  const [waiting] = await cyd.ask('org', 'drafts')
  assert.match(waiting.say.join('\n'), /admin p-/)
  await cyd.run('org', 'cosign', waiting.draft)
  await technician.page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Waiting' }).waitFor()
  await technician.page.getByRole('link', { name: 'Organisation' }).click()
  await technician.page.getByText('2 of 4 admins give power').waitFor()
  await bob.run(...policy('late'))
  await technician.page.getByRole('button', { name: 'Sign New policy late' }).click()
  await technician.page.getByText('New policy late is statement').waitFor()
  assert.deepEqual((await cyd.ask('org', 'policy', 'list')).map((p) => p.policy.name), ['day', 'late', 'night'])
})

fact('one admin alone does not revoke another, two do', async () => {
  const [{ id }] = (await bob.ask('key', 'list')).filter((key) => key.kind === 'signing')
  const left = await cyd.ask('org', 'revoke', 'key', id, '--reason', 'He left the company')
  assert.deepEqual([left.have, left.need], [1, 2])
  await admin.page.getByText('Cyd Chief asks for your signature: Revoke the key of Bob Boss').waitFor()
  await admin.visit('Organisation')
  await draft('Revoke the key of Bob Boss').getByText('He left the company').waitFor()
  await admin.page.getByRole('button', { name: 'Sign Revoke the key of Bob Boss' }).click()
  await admin.page.getByText('held by 1 of 1 witnesses').waitFor()
  await assert.rejects(bob.run('org', 'drafts'), /revoked/)
  assert.deepEqual(admin.page.complaints, [])
})
