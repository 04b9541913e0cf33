// Stands above every page while recovery keys replace the administrators' keys: whoever did not expect it has to act in time.
import { useState } from 'preact/hooks'
import { Button, Dialog, Field, Note } from '../ui/parts'
import { sentence, toast } from '../ui/toast'
import { day } from '../ui/time'
import type { Account } from './account'
import type { RecoveryView } from './recovery'

export function RecoveryNotices(props: { account: Account }) {
  const facts = props.account.facts.value
  if (!facts) return null
  return <>{facts.recoveries.map((recovery) => <RecoveryNotice key={recovery.id} account={props.account} recovery={recovery} name={facts.name} threshold={facts.threshold} />)}</>
}

function RecoveryNotice(props: { account: Account; recovery: RecoveryView; name: string; threshold: number }) {
  const { account, recovery, name, threshold } = props
  const [vetoing, veto] = useState(false)
  const isAdmin = account.identity.role === 'admin'
  return (
    <div class="page" style={{ marginBottom: '16px' }} role="alert">
      <Note tone="bad">
        <strong>The administrators’ keys of {name} are being replaced.</strong> From {day(recovery.notBefore)} on, the administrators may be {recovery.admins.join(', ')} alone.
        {isAdmin ? ' If none of you began this, veto it. ' : ' If you did not expect this, tell your administrators: they can stop it. '}
        {isAdmin && recovery.vetoedByOne && <Button tone="danger" onClick={() => veto(true)}>Veto</Button>}
        {isAdmin && !recovery.vetoedByOne && <>It takes {threshold} of you: run <code>wayleave org veto {recovery.id} --propose FILE</code>, and have the others run <code>wayleave org sign FILE</code>.</>}
      </Note>
      {vetoing && <VetoDialog account={account} id={recovery.id} onClose={() => veto(false)} />}
    </div>
  )
}

function VetoDialog(props: { account: Account; id: string; onClose: () => void }) {
  const [reason, setReason] = useState('nobody here began this recovery')
  const [trouble, setTrouble] = useState('')
  const veto = () => props.account.veto(props.id, reason).then(({ text, tone }) => { toast(text, tone); props.onClose() }, (error: unknown) => setTrouble(sentence(error)))
  return (
    <Dialog title="Veto the recovery" onClose={props.onClose} onSubmit={() => { if (reason.trim()) void veto() }}
      foot={<><Button onClick={props.onClose}>Cancel</Button><Button tone="danger" type="submit" disabled={!reason.trim()}>Veto for good</Button></>}>
      <p>This recovery never takes effect then. Who began it has to begin another, and to wait again.</p>
      <Field label="Reason"><input class="input" autofocus maxLength={200} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></Field>
      {trouble && <Note tone="bad">{trouble}</Note>}
    </Dialog>
  )
}
