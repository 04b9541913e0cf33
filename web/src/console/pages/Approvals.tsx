// What waits for my approval, opened and judged here; and what of mine waits for others.
import { useState } from 'preact/hooks'
import { Button, Dialog, Empty, Field, Note, Page, Tag } from '../../ui/parts'
import { ago, left, useNow } from '../../ui/time'
import { sentence, toast } from '../../ui/toast'
import type { Account } from '../account'
import { enter, Progress } from '../AwaitApproval'
import type { ApprovalView, AskedView } from '../model'
import { WarrantFacts } from '../WarrantFacts'

export function Approvals(props: { account: Account }) {
  const { account } = props
  const now = useNow()
  const waiting = account.approvals.forMe.value.filter((a) => a.until > now)
  const mine = account.approvals.mine.value.filter((a) => a.until > now)
  return (
    <Page title="Approvals" lead="Sessions that a policy allows only with the signature of somebody else">
      {waiting.length === 0 && <Empty title="Nothing waits for your approval"><p>Requests appear here as soon as a technician signs one that your group may approve.</p></Empty>}
      {waiting.map((request) => <Request key={request.id} account={account} request={request} />)}
      {mine.length > 0 && <h2>You asked</h2>}
      {mine.map((asked) => <Mine key={asked.id} account={account} asked={asked} />)}
    </Page>
  )
}

function Request(props: { account: Account; request: ApprovalView }) {
  const { account, request } = props
  const { warrant, foreseen } = request
  const now = useNow()
  const [busy, setBusy] = useState(false)
  const [refusing, refuse] = useState(false)
  const [trouble, setTrouble] = useState('')
  const name = account.personName(request.by)
  const approve = async () => {
    setBusy(true)
    setTrouble('')
    try {
      await account.approve(request.id)
      toast(`You approved ${name} on ${warrant?.device}`, 'good')
    } catch (error) {
      setTrouble(sentence(error))
      setBusy(false)
    }
  }
  return (
    <section class="card stack" aria-label={`Request of ${name}`}>
      <div class="row between">
        <h2>{name} asks for approval</h2>
        <span class="row"><span class="muted small">{ago(request.asked)}</span><Tag tone={request.until - now < 120_000 ? 'warn' : 'plain'}>{left(request.until - now)} left</Tag></span>
      </div>
      {warrant && foreseen ? (
        <>
          <WarrantFacts warrant={warrant} theirs />
          <p class="small muted">The technician’s signature was checked here against the ledger. The policy <strong>{foreseen.approvals.policy}</strong> asks for {foreseen.approvals.need === 1 ? 'one approval' : `${foreseen.approvals.need} approvals`} of the group {foreseen.approvals.approvers}; {foreseen.opens ? 'yours is the last that is needed.' : `with yours ${foreseen.approvals.have} of ${foreseen.approvals.need} are there.`}</p>
          {!foreseen.opens && foreseen.approvals.have >= foreseen.approvals.need && <Note tone="warn">Your signature alone does not open this: it would be made on a vendor’s page, as the technician’s was. Somebody has to approve elsewhere.</Note>}
          <div class="row">
            <Button tone="primary" busy={busy} onClick={() => void approve()} aria-label={`Approve ${name}`}>{account.identity.holder.kind === 'passkey' ? 'Approve with passkey' : 'Approve'}</Button>
            <Button onClick={() => refuse(true)} aria-label={`Refuse ${name}`}>Refuse</Button>
          </div>
        </>
      ) : <Note tone="warn"><strong>This request cannot be approved.</strong> {request.trouble} {account.deviceName(request.device)}</Note>}
      {trouble && <Note tone="bad">{trouble}</Note>}
      {refusing && <RefuseDialog account={account} request={request} name={name} onClose={() => refuse(false)} />}
    </section>
  )
}

function RefuseDialog(props: { account: Account; request: ApprovalView; name: string; onClose: () => void }) {
  const [why, setWhy] = useState('')
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState('')
  const refuse = async () => {
    setBusy(true)
    try {
      await props.account.approvals.refuse(props.request.id, why)
      toast(`You refused ${props.name}`)
    } catch (error) {
      setTrouble(sentence(error))
      setBusy(false)
    }
  }
  return (
    <Dialog title={`Refuse ${props.name}`} onClose={props.onClose} onSubmit={() => { if (!busy && why.trim()) void refuse() }}
      foot={<><Button onClick={props.onClose}>Cancel</Button><Button tone="danger" type="submit" busy={busy} disabled={why.trim() === ''}>Refuse</Button></>}>
      <Field label="Reason" hint="The technician reads this; the service does not."><input class="input" autofocus required maxLength={200} value={why} onInput={(e) => setWhy(e.currentTarget.value)} /></Field>
      {trouble && <Note tone="bad">{trouble}</Note>}
    </Dialog>
  )
}

function Mine(props: { account: Account; asked: AskedView }) {
  const { account, asked } = props
  return (
    <section class="card stack" aria-label={`Your request for ${asked.deviceName}`}>
      <h3>{asked.deviceName}</h3>
      <Progress account={account} asked={asked} />
      <div class="row">
        {asked.ready && <Button tone="primary" onClick={() => enter(account, asked.id)}>Connect</Button>}
        <Button onClick={() => account.approvals.withdraw(asked.id).catch((error: unknown) => toast(sentence(error), 'bad'))}>Withdraw</Button>
      </div>
    </section>
  )
}
