// Every key of the organisation: who holds it, when it was last used, when it ends, and what breaks without it.
import { signal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { OFFICES, type Office } from '../../trust'
import { Button, Empty, Loading, Note, Page, Tag } from '../../ui/parts'
import { useSlashFocus } from '../../ui/slash'
import { ago, day } from '../../ui/time'
import { sentence } from '../../ui/toast'
import type { Account } from '../account'
import { Effects } from '../Effects'
import { type KeyView, type LastUse, OFFICE_NAMES } from '../inventory'
import { matches } from '../model'
import { RevokeDialog } from '../RevokeDialog'

const query = signal('')
const office = signal<Office | ''>('')
const past = signal(false)

type Uses = ReadonlyMap<string, LastUse> | undefined

export function Keys(props: { account: Account }) {
  const { account } = props
  const [uses, setUses] = useState<Uses>(undefined)
  const [trouble, setTrouble] = useState('')
  const [open, setOpen] = useState('')
  const [revoking, revoke] = useState<KeyView | null>(null)
  const search = useRef<HTMLInputElement>(null)
  useSlashFocus(search)
  const read = () => {
    setTrouble('')
    void account.lastUses().then(setUses, (error: unknown) => setTrouble(sentence(error)))
  }
  // A revocation or an admission changes who could have used one.
  useEffect(read, [account, account.size.value])
  const all = account.keys.value
  const shown = all.filter(({ listed, name }) => (past.value || listed.standing === 'in_force') && (!office.value || listed.office === office.value)
    && matches(query.value, name, listed.id, OFFICE_NAMES[listed.office], listed.groups.join(' '), listed.origins.join(' ')))
  const inForce = all.filter(({ listed }) => listed.standing === 'in_force').length
  return (
    <Page title="Keys" lead={`${inForce} in force; what breaks without one is computed from the ledger that this browser folded`}>
      <div class="row">
        <label class="grow">
          <span class="visually-hidden">Search keys</span>
          <input class="input" type="search" ref={search} placeholder="Name, group, key or origin   ( / )" value={query.value} onInput={(e) => { query.value = e.currentTarget.value }} />
        </label>
        <label>
          <span class="visually-hidden">Kind of key</span>
          <select class="input" value={office.value} onChange={(e) => { office.value = e.currentTarget.value as Office | '' }}>
            <option value="">All kinds</option>
            {OFFICES.filter((o) => all.some(({ listed }) => listed.office === o)).map((o) => <option key={o} value={o}>{OFFICE_NAMES[o]}</option>)}
          </select>
        </label>
        <label class="check"><input type="checkbox" checked={past.value} onChange={(e) => { past.value = e.currentTarget.checked }} /><span>Also those that no longer count</span></label>
      </div>
      {trouble && <Note tone="bad">When keys were last used is not known now: {trouble} <Button onClick={read}>Try again</Button></Note>}
      {all.length === 0 ? <Loading what="Reading the organisation’s ledger" /> : shown.length === 0 ? <Nothing /> : (
        <div class="table-wrap">
          <table class="table keys">
            <thead><tr><th>Holder</th><th>Kind</th><th>Held as</th><th>Groups</th><th>Last used</th><th>Until</th><th><span class="visually-hidden">Actions</span></th></tr></thead>
            <tbody>
              {shown.map((key) => (
                <KeyRow key={key.listed.office + key.listed.id} account={account} view={key} use={uses?.get(key.listed.id)} loading={!uses && !trouble}
                  open={open === key.listed.id} toggle={() => setOpen(open === key.listed.id ? '' : key.listed.id)} onRevoke={() => revoke(key)} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {revoking && <RevokeDialog account={account} keyid={revoking.listed.id} name={revoking.name} onClose={() => revoke(null)} />}
    </Page>
  )
}

function Nothing() {
  return <Empty title="No key matches"><Button onClick={() => { query.value = ''; office.value = ''; past.value = true }}>Show all</Button></Empty>
}

interface Row {
  account: Account
  view: KeyView
  use: LastUse | undefined
  loading: boolean
  open: boolean
  toggle: () => void
  onRevoke: () => void
}

function KeyRow({ account, view: { listed, name, warning }, use, loading, open, toggle, onRevoke }: Row) {
  const label = `${name}, ${OFFICE_NAMES[listed.office]}`
  const details = `effects-${listed.office}-${listed.id}`
  // What only a roster replaces, a revocation does nothing to.
  const revocable = listed.standing === 'in_force' && ['admin', 'recovery', 'technician', 'device', 'enroller', 'stopper'].includes(listed.office)
  return (
    <>
      <tr>
        <td><strong>{name}</strong> {listed.id === account.identity.keyid && <Tag>this key</Tag>}<div class="small muted mono">{listed.id.slice(0, 12)}</div></td>
        <td>{OFFICE_NAMES[listed.office]}</td>
        <td><Held view={listed} /></td>
        <td class="muted">{listed.groups.join(', ') || '—'}</td>
        <td class="muted nowrap"><Used use={use} loading={loading} isMember={listed.office === 'admin' || listed.office === 'technician' || listed.office === 'recovery'} isDevice={listed.office === 'device'} /></td>
        <td class="nowrap"><Until view={listed} warning={warning} /></td>
        <td class="nowrap" style={{ textAlign: 'right' }}>
          {listed.standing === 'in_force' && <Button tone="quiet" aria-expanded={open} aria-controls={open ? details : undefined} aria-label={`What breaks without the key of ${label}`} onClick={toggle}>{open ? 'Hide' : 'What breaks'}</Button>}
          {revocable && <Button tone="quiet" class="risky" aria-label={`Revoke the key of ${label}`} onClick={onRevoke}>Revoke</Button>}
        </td>
      </tr>
      {open && <tr id={details} class="details"><td colSpan={7}><Effects account={account} effects={account.effectsOf(listed.id)} /></td></tr>}
    </>
  )
}

function Held(props: { view: KeyView['listed'] }) {
  const { heldBy, origins } = props.view
  if (heldBy === 'sealing') return <span class="muted">signs nothing</span>
  if (heldBy === 'native') return <Tag>native</Tag>
  return <>{heldBy === 'passkey' ? <Tag tone="good">passkey</Tag> : <Tag tone="warn">held by a page</Tag>}<div class="small muted mono">{origins.join(', ')}</div></>
}

function Used(props: { use: LastUse | undefined; loading: boolean; isMember: boolean; isDevice: boolean }) {
  const { use, loading, isMember, isDevice } = props
  if (!isMember && !isDevice) return <>—</>
  if (loading) return <>…</>
  if (!use) return isDevice ? <>UNKNOWN</> : <>never signed in<div class="small">the service’s word</div></>
  return use.word === 'device' ? <>{ago(use.at)}<div class="small">signed by the device</div></> : <>{ago(use.at)}<div class="small">signed in, the service’s word</div></>
}

function Until(props: { view: KeyView['listed']; warning: number | undefined }) {
  const { until, standing } = props.view
  if (standing !== 'in_force') return <Tag tone="bad">{standing}</Tag>
  if (until === undefined) return <span class="muted">—</span>
  if (props.warning === undefined) return <span class="muted">{day(until)}</span>
  return <><span>{day(until)}</span> <div><Tag tone={props.warning > 7 ? 'plain' : 'warn'}>expires {ago(until)}</Tag></div></>
}
