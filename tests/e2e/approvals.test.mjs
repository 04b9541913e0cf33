// A policy asks for approval: the technician signs and asks, an approver's page shows it live, and his passkey's signature
// opens the session; a refusal and a cancelled request open nothing.
import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { CommandLine } from './lib/cli.mjs'
import { Console } from './lib/console.mjs'
import { fact, isAccessible, watch } from './lib/facts.mjs'
import { showsPicture } from './lib/pixels.mjs'
import { temporaryFolder } from './lib/service.mjs'
import { Stand } from './lib/stand.mjs'

let stand, admin, technician, desk, org, folder

before(async () => {
  folder = temporaryFolder()
  stand = await Stand.raise({ width: 1280, height: 800 })
  void ({ admin, technician, desk } = stand)
})
after(async () => {
  await stand?.stop()
  folder?.remove()
})

const waiting = () => technician.page.getByRole('dialog', { name: 'Waiting for approval: front-desk' })
const request = () => admin.page.getByRole('region', { name: 'Request of Tess Technician' })

fact('an organisation has a policy that asks for the approval of an admin', async () => {
  org = await admin.begin(stand.origin, { name: 'Northwind Ltd', domain: 'it.northwind.example', person: 'Ada Admin' })
  await technician.join(await admin.invite('Tess from the help desk'), 'Tess Technician')
  await admin.openAnswer()
  await admin.admitAnswer()
  await technician.page.getByRole('heading', { name: 'Devices' }).waitFor()
  await desk.runAgent(org, stand.service.url)
  await admin.visit('Waiting')
  await admin.waitingWords('front-desk')
  await admin.admitShown()
  await admin.makePolicy({ unattended: true, approvals: 1 })
  await admin.page.getByText('1 approval by admins').waitFor()
  await admin.visit('Approvals')
  await admin.page.getByText('Nothing waits for your approval').waitFor()
  await isAccessible(admin.page)
  await admin.visit('Devices')
})

fact('the technician reads who is asked before he signs, and waits', async () => {
  await technician.ask({ device: 'front-desk', why: 'The printer is silent', look: async (dialog) => {
    await dialog.getByText('The policy helpdesk asks for approval').waitFor()
    await dialog.getByText('One of these must approve: Ada Admin').waitFor()
    await isAccessible(technician.page)
  } })
  await waiting().getByText('0 of 1 approved. Asked: Ada Admin').waitFor()
  await isAccessible(technician.page)
})

fact('the approver hears of it at once, reads the warrant, and his passkey opens the session', async () => {
  const { page } = admin
  await page.getByRole('link', { name: /^Approvals.*open: 1$/ }).waitFor()
  await page.getByText('Tess Technician asks for approval: front-desk').waitFor()
  await page.getByRole('button', { name: 'Look' }).click()
  for (const text of ['“The printer is silent”', 'in the technician’s words', 'nobody is asked', 'yours is the last that is needed']) await request().getByText(text).waitFor()
  await isAccessible(page)
  const signed = stand.passkey.signatures
  await page.getByRole('button', { name: 'Approve Tess Technician' }).click()
  await technician.firstPicture(0)
  assert.equal(stand.passkey.signatures - signed, 1)
  await showsPicture(technician.screen, () => desk.picture(), 'image/bmp')
  assert.match(await desk.receipts(), /open/)
  await page.getByText('Nothing waits for your approval').waitFor()
  await technician.end()
})

fact('a refusal is told with its reason and opens nothing', async () => {
  const before = (await desk.receipts()).length
  await technician.ask({ device: 'front-desk', why: 'Just looking around' })
  await admin.page.getByRole('button', { name: 'Refuse Tess Technician' }).click()
  const dialog = admin.page.getByRole('dialog', { name: 'Refuse Tess Technician' })
  await dialog.getByLabel('Reason').fill('Not while the audit runs')
  await isAccessible(admin.page)
  await dialog.getByRole('button', { name: 'Refuse' }).click()
  await waiting().getByText('Ada Admin refused: “Not while the audit runs”').waitFor()
  await waiting().getByText('Not approved: nothing opens.').waitFor()
  await isAccessible(technician.page)
  await waiting().getByRole('button', { name: 'Close' }).click()
  await technician.page.getByRole('heading', { name: 'Devices' }).waitFor()
  assert.equal((await desk.receipts()).length, before)
})

fact('a request that its technician takes back is gone from the approver’s page', async () => {
  await technician.ask({ device: 'front-desk', why: 'A second thought' })
  await request().getByText('“A second thought”').waitFor()
  await waiting().getByRole('button', { name: 'Cancel' }).click()
  await admin.page.getByText('Nothing waits for your approval').waitFor()
})

fact('a request survives a reload of the technician’s page', async () => {
  await technician.ask({ device: 'front-desk', why: 'Back again' })
  await request().getByText('“Back again”').waitFor()
  await technician.page.reload()
  await technician.page.getByRole('link', { name: 'Approvals' }).click()
  const mine = technician.page.getByRole('region', { name: 'Your request for front-desk' })
  await mine.getByText('0 of 1 approved').waitFor()
  await isAccessible(technician.page)
  await admin.page.getByRole('button', { name: 'Approve Tess Technician' }).click()
  await mine.getByRole('button', { name: 'Connect' }).click()
  await technician.firstPicture(0)
  await technician.end()
  assert.deepEqual([...admin.page.complaints, ...technician.page.complaints], [])
})

fact('an unattended session from a vendor’s page opens by an approval that was made elsewhere', async () => {
  const bob = new CommandLine(folder.folder, 'bob', org)
  await admin.addAdmin({ name: 'Bob Boss', person: 'bob', key: await bob.becomeAdmin(stand.service.url) })
  await bob.run('org', 'roster', '--console-origin', `${stand.service.url}=vendor`)
  const vera = new Console(watch(await stand.newPage()))
  const link = new URL(await admin.invite('Vera, on the vendor’s page'))
  await vera.join(`${stand.service.url}${link.pathname}${link.hash}`, 'Vera Vendor')
  await admin.openAnswer()
  await admin.admitAnswer()
  await vera.page.getByRole('heading', { name: 'Devices' }).waitFor()
  await vera.ask({ device: 'front-desk', why: 'From far away', look: (dialog) => dialog.getByText('One approval must not be made on a vendor’s page').waitFor() })
  const [request] = await bob.ask('approve', 'list')
  assert.equal(request.why, 'From far away')
  await bob.run('approve', 'sign', request.id)
  await vera.firstPicture(0)
  assert.equal(new URL(vera.page.url()).origin, stand.service.url)
  await vera.end()
  assert.deepEqual(vera.page.complaints, [])
})
