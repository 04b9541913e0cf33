// What the organisation is: its pin, who vouches for its ledger, and what has not reached the ledger yet.
import { useState } from 'preact/hooks'
import { type Hash, wordsOf } from '../../trust'
import { Button, Dialog, Empty, Field, Note, Page, Tag, Words } from '../../ui/parts'
import { asSentence } from '../../ui/text'
import { sentence, toast } from '../../ui/toast'
import { day, left } from '../../ui/time'
import type { Account } from '../account'
import type { SessionView } from '../model'
import { NoSpare } from '../Warnings'
import { Drafts } from './Drafts'
import { AddAdmin, ChangeThreshold } from './Roster'

export function Organisation(props: { account: Account }) {
  const { account } = props
  const [suspending, suspend] = useState(false)
  const [changing, change] = useState<'' | 'admin' | 'threshold'>('')
  const facts = account.facts.value
  if (!facts) return null
  return (
    <Page title={facts.name} lead={facts.domain} actions={account.identity.role === 'admin' && <><Button onClick={() => change('admin')}>Add an admin</Button>{facts.admins > 1 && <Button onClick={() => change('threshold')}>Change the threshold</Button>}<Button tone="danger" onClick={() => suspend(true)}>Suspend everything</Button></>}>
      {facts.suspended && <Note tone="bad">All access is suspended. A new roster signed by {facts.threshold} of the admins lifts it.</Note>}
      {facts.quorum === 0 && <Note tone="warn"><strong>No witness.</strong> The log key’s word is the service’s word: a service that colludes with a revoked key works on devices that have not heard of the revocation.</Note>}
      {facts.quorum > 0 && facts.quorum === facts.witnesses.length && <Note tone="warn"><NoSpare witnesses={facts.witnesses.length} /></Note>}
      {facts.stale && <Note tone="warn">{facts.stale}</Note>}
      {facts.inert.length > 0 && <Note tone="bad"><strong>The service sequenced {facts.inert.length} statements that do not count.</strong> {facts.inert[0]}</Note>}
      <div class="card">
        <dl class="facts">
          <dt>Organisation id</dt><dd class="mono">{account.identity.org}</dd>
          <dt>Words</dt><dd><Words words={wordsOf(account.identity.org as Hash)} /> <span class="muted">to be read to who pins a device anew</span></dd>
          <dt>Service</dt><dd>{account.identity.server}</dd>
          <dt>Ledger</dt><dd>{facts.size} statements <span class="mono muted">{facts.root}</span></dd>
          <dt>Roster</dt><dd>version {facts.version}, {facts.threshold} of {facts.admins} admins give power</dd>
          <dt>Witnesses</dt><dd>{facts.witnesses.length === 0 ? 'none' : facts.witnesses.map((w) => <Tag key={w.name} tone={w.fresh ? 'good' : 'warn'} dot>{w.name}</Tag>)} <span class="muted">quorum {facts.quorum}</span></dd>
          <dt>Console origins</dt><dd>{facts.origins.map((o) => <span key={o.origin} class="row"><span class="mono">{o.origin}</span><Tag tone={o.owner === 'vendor' ? 'warn' : 'plain'}>{o.owner}</Tag></span>)}</dd>
          <dt>Recovery keys</dt><dd>{facts.recovery || <Tag tone="bad">none: if all admin keys are lost, every device must be pinned anew</Tag>}</dd>
        </dl>
      </div>
      {account.identity.role === 'admin' && <Drafts account={account} />}
      <h2>Signed here, not in the ledger yet</h2>
      {account.unsequenced.value.length === 0 ? <p class="muted">Nothing.</p> : account.unsequenced.value.map((s) => (
        <Note tone="warn" key={s.id}><strong>Not sequenced:</strong> {s.what}, signed {day(s.at)}. <Button onClick={() => account.resend(s).then(({ text, tone }) => toast(text, tone), (error: unknown) => toast(sentence(error), 'bad'))}>Send again</Button></Note>
      ))}
      {changing === 'admin' && <AddAdmin account={account} facts={facts} onClose={() => change('')} />}
      {changing === 'threshold' && <ChangeThreshold account={account} facts={facts} onClose={() => change('')} />}
      {suspending && <SuspendDialog account={account} onClose={() => suspend(false)} />}
    </Page>
  )
}

function SuspendDialog(props: { account: Account; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const [trouble, setTrouble] = useState('')
  const suspend = () => props.account.suspend(reason).then(({ text, tone }) => { toast(text, tone); props.onClose() }, (error: unknown) => setTrouble(sentence(error)))
  return (
    <Dialog title="Suspend everything" onClose={props.onClose} onSubmit={() => { if (reason.trim()) void suspend() }}
      foot={<><Button onClick={props.onClose}>Cancel</Button><Button tone="danger" type="submit" disabled={!reason.trim()}>Suspend now</Button></>}>
      <p>Every session on every device closes, and none opens until the admins sign a new roster.</p>
      <Field label="Reason"><input class="input" autofocus maxLength={200} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></Field>
      {trouble && <Note tone="bad">{trouble}</Note>}
    </Dialog>
  )
}

export function Sessions(props: { account: Account }) {
  const { account } = props
  const sessions = account.sessions.value
  return (
    <Page title="Sessions" lead="As the service saw them; what happened is in the workstations’ receipts">
      {sessions.length === 0 ? <Empty title="No session yet" /> : (
        <div class="table-wrap">
          <table class="table">
            <thead><tr><th>Device</th><th>Technician</th><th>Began</th><th>Lasted</th><th>State</th><th><span class="visually-hidden">Actions</span></th></tr></thead>
            <tbody>
              {sessions.map((s) => (
                <tr key={s.session}>
                  <td><strong>{account.deviceName(s.device)}</strong></td>
                  <td>{account.personName(s.by)}</td>
                  <td class="muted nowrap">{day(s.created)}</td>
                  <td class="muted nowrap">{s.ended ? left(s.ended - s.created) : '—'}</td>
                  <td><State session={s} /></td>
                  <td style={{ textAlign: 'right' }}>{s.state !== 'ended' && <Button tone="quiet" class="risky" aria-label={`Cut ${account.deviceName(s.device)}`} onClick={() => account.cut(s.session).catch((error: unknown) => toast(sentence(error), 'bad'))}>Cut</Button>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Page>
  )
}

// `parted`: both ends are gone, and the same warrant may still resume it.
function State(props: { session: SessionView }) {
  switch (props.session.state) {
    case 'calling': return <Tag dot>calling</Tag>
    case 'paired': return <Tag tone="good" dot>connected</Tag>
    case 'parted': return <Tag dot>not connected</Tag>
    default: return <span class="muted">{props.session.why ? asSentence(props.session.why) : 'Ended'}</span>
  }
}
