// What technicians of a group may do on devices of a group.
import { useState } from 'preact/hooks'
import { Button, Dialog, Empty, Field, Note, Page, Tag } from '../../ui/parts'
import { span } from '../../trust'
import { sentence, toast } from '../../ui/toast'
import type { Account } from '../account'
import { boundsFor, boundsTold, Folders, Users } from '../Bounds'
import { ScopeChecks } from '../ConnectDialog'
import { type PolicyView, SCOPES, type Scope } from '../model'
import { PolicyCheck } from '../PolicyCheck'

type Draft = Omit<PolicyView, 'id' | 'standing'>

const FIRST: Draft = { name: 'helpdesk', technicians: 'helpdesk', devices: 'workstations', approvers: undefined, scopes: ['view', 'control', 'files_read', 'files_write', 'shell', 'clipboard_read', 'clipboard_write'], maxSeconds: 3600, unattended: false, approvals: 0, devicesPerHour: undefined, hours: undefined, openingsPerHour: undefined, attendedWhenStale: false, readUnder: [], writeUnder: [], shellAs: [], ticketRequired: false }

export function Policies(props: { account: Account }) {
  const { account } = props
  const [draft, edit] = useState<Draft | null>(null)
  const [dropping, drop] = useState<PolicyView | null>(null)
  const admin = account.identity.role === 'admin'
  const policies = account.policies.value
  return (
    <Page title="Policies" lead="Judged by each workstation itself. One policy must cover the whole session." actions={admin && <Button tone="primary" onClick={() => edit(FIRST)}>New policy</Button>}>
      {policies.length === 0 ? (
        <Empty title="No policy yet"><p>Without one nobody can open anything.</p>{admin && <Button tone="primary" onClick={() => edit(FIRST)}>Make the first</Button>}</Empty>
      ) : (
        <div class="table-wrap">
          <table class="table">
            <thead><tr><th>Policy</th><th>Who → where</th><th>What</th><th>How</th><th><span class="visually-hidden">Actions</span></th></tr></thead>
            <tbody>
              {policies.map((policy) => (
                <tr key={policy.id}>
                  <td class="nowrap"><strong>{policy.name}</strong></td>
                  <td class="nowrap">{policy.technicians} → {policy.devices}</td>
                  <td class="muted">{SCOPES.filter((s) => policy.scopes.includes(s.scope)).map((s) => s.title).join(', ')}<Reach policy={policy} /></td>
                  <td><How policy={policy} /></td>
                  <td class="nowrap" style={{ textAlign: 'right' }}>
                    {admin && <><Button tone="quiet" onClick={() => edit(policy)} aria-label={`Change ${policy.name}`}>Change</Button><Button tone="quiet" class="risky" onClick={() => drop(policy)} aria-label={`Revoke ${policy.name}`}>Revoke</Button></>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {policies.length > 0 && <PolicyCheck account={account} />}
      {draft && <PolicyDialog account={account} draft={draft} isNew={!policies.some((p) => p.name === draft.name)} onClose={() => edit(null)} />}
      {dropping && <DropDialog account={account} policy={dropping} onClose={() => drop(null)} />}
    </Page>
  )
}

// What it narrows, on lines of its own; a ticket stands with how it is asked for.
function Reach(props: { policy: PolicyView }) {
  const told = boundsTold({ ...props.policy, ticketRequired: false })
  return <>{told.map((words) => <div class="small paths" key={words}>{words}</div>)}</>
}

function How(props: { policy: PolicyView }) {
  const { policy } = props
  return (
    <span class="row tight">
      {policy.unattended ? <Tag tone="warn">unattended</Tag> : <Tag>asks the user</Tag>}
      <Tag>{span(policy.maxSeconds)} at most</Tag>
      {policy.approvals > 0 && <Tag>{policy.approvals === 1 ? '1 approval' : `${policy.approvals} approvals`} by {policy.approvers}</Tag>}
      {policy.devicesPerHour !== undefined && <Tag>{policy.devicesPerHour} devices an hour, counted</Tag>}
      {policy.ticketRequired && <Tag>with a ticket</Tag>}
      {policy.hours && <Tag>within hours</Tag>}
      {policy.openingsPerHour !== undefined && <Tag>{policy.openingsPerHour} openings an hour</Tag>}
    </span>
  )
}

function PolicyDialog(props: { account: Account; draft: Draft; isNew: boolean; onClose: () => void }) {
  const [draft, setDraft] = useState<Draft>(props.draft)
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState('')
  const change = (part: Partial<Draft>) => setDraft({ ...draft, ...part })
  const text = (label: string, member: 'name' | 'technicians' | 'devices', hint?: string) => (
    <Field label={label} {...(hint ? { hint } : {})}><input class="input" pattern="[a-z0-9._\-]{1,64}" required value={draft[member]} onInput={(e) => change({ [member]: e.currentTarget.value })} /></Field>
  )
  const save = async () => {
    setBusy(true)
    try {
      const { read_under: readUnder, write_under: writeUnder } = boundsFor(draft.scopes, { read_under: draft.readUnder, write_under: draft.writeUnder })
      const shellAs = draft.scopes.includes('shell') ? draft.shellAs : []
      const { text, tone } = await props.account.setPolicy({ ...draft, readUnder, writeUnder, shellAs })
      toast(text, tone)
      props.onClose()
    } catch (error) {
      setTrouble(sentence(error))
      setBusy(false)
    }
  }
  return (
    <Dialog title={props.isNew ? 'New policy' : `Change ${props.draft.name}`} onClose={props.onClose} onSubmit={() => { if (!busy) void save() }}
      foot={<><Button onClick={props.onClose}>Cancel</Button><Button tone="primary" type="submit" busy={busy} disabled={draft.scopes.length === 0}>Sign</Button></>}>
      {text('Name', 'name', 'Lower-case letters, digits, dot, dash, underscore.')}
      <div class="columns">
        {text('Technicians’ group', 'technicians')}
        {text('Devices’ group', 'devices')}
      </div>
      <ScopeChecks legend="What they may do" scopes={draft.scopes} onChange={(scopes: Scope[]) => change({ scopes })} />
      <label class="check"><input type="checkbox" checked={draft.unattended} onChange={(e) => change({ unattended: e.currentTarget.checked })} /><span><strong>Unattended</strong>: nobody at the device is asked</span></label>
      <label class="check"><input type="checkbox" checked={draft.ticketRequired} onChange={(e) => change({ ticketRequired: e.currentTarget.checked })} /><span><strong>Ticket required</strong>: no warrant without one</span></label>
      <div class="row tight">
        <label class="field grow"><span>Minutes at most</span><input class="input" type="number" min={1} max={10080} value={Math.round(draft.maxSeconds / 60)} onInput={(e) => change({ maxSeconds: (e.currentTarget.valueAsNumber || 1) * 60 })} /></label>
        <label class="field grow"><span>Approvals</span><input class="input" type="number" min={0} max={8} value={draft.approvals} onInput={(e) => change({ approvals: e.currentTarget.valueAsNumber || 0, approvers: draft.approvers ?? 'admins' })} /></label>
        <label class="field grow"><span>Approvers’ group</span><input class="input" value={draft.approvers ?? ''} placeholder="admins" onInput={(e) => change({ approvers: e.currentTarget.value || undefined })} /></label>
      </div>
      <Field label="Devices of one person an hour" hint="Witnesses count over the whole fleet before each opening. Empty: nobody counts.">
        <input class="input" type="number" min={1} max={100000} value={draft.devicesPerHour ?? ''} onInput={(e) => change({ devicesPerHour: e.currentTarget.valueAsNumber || undefined })} />
      </Field>
      <Narrower draft={draft} onChange={change} />
      {trouble && <Note tone="bad">{trouble}</Note>}
    </Dialog>
  )
}

// How far the chosen scopes reach.
function Narrower(props: { draft: Draft; onChange: (part: Partial<Draft>) => void }) {
  const { draft, onChange } = props
  const anywhere = 'One a line; empty: all that the device shares.'
  const isNarrow = draft.readUnder.length + draft.writeUnder.length + draft.shellAs.length > 0
  if (!draft.scopes.some((scope) => scope === 'files_read' || scope === 'files_write' || scope === 'shell')) return null
  return (
    <details class="stack" open={isNarrow}>
      <summary>Narrow it down: folders and users</summary>
      {draft.scopes.includes('files_read') && <Folders label="Fetch only from these folders" hint={anywhere} folders={draft.readUnder} onChange={(readUnder) => onChange({ readUnder })} />}
      {draft.scopes.includes('files_write') && <Folders label="Put only into these folders" hint={anywhere} folders={draft.writeUnder} onChange={(writeUnder) => onChange({ writeUnder })} />}
      {draft.scopes.includes('shell') && <Users label="Shell only as these users" hint="One a line; empty: the user of the display." users={draft.shellAs} onChange={(shellAs) => onChange({ shellAs })} />}
    </details>
  )
}

function DropDialog(props: { account: Account; policy: PolicyView; onClose: () => void }) {
  const [trouble, setTrouble] = useState('')
  const drop = () => props.account.revokePolicy(props.policy.id).then(({ text, tone }) => { toast(text, tone); props.onClose() }, (error: unknown) => setTrouble(sentence(error)))
  return (
    <Dialog title={`Revoke ${props.policy.name}`} onClose={props.onClose} onSubmit={() => void drop()}
      foot={<><Button onClick={props.onClose}>Cancel</Button><Button tone="danger" type="submit">Revoke</Button></>}>
      <p>Open sessions that only this policy covers close at once.</p>
      {trouble && <Note tone="bad">{trouble}</Note>}
    </Dialog>
  )
}
