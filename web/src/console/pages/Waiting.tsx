// Devices that ask to be admitted: compare the words, choose, admit them all with one signature.
import { signal } from '@preact/signals'
import { useRef, useState } from 'preact/hooks'
import { Button, Dialog, Empty, Field, Note, Page, Tag, Words } from '../../ui/parts'
import { useSlashFocus } from '../../ui/slash'
import { sentence, toast } from '../../ui/toast'
import { ago } from '../../ui/time'
import type { Account } from '../account'
import { matches, type WaitingView } from '../model'

const query = signal('')

export function Waiting(props: { account: Account }) {
  const { account } = props
  const [chosen, choose] = useState<Set<string>>(new Set())
  const [admitting, admit] = useState(false)
  const search = useRef<HTMLInputElement>(null)
  useSlashFocus(search)
  const waiting = account.waiting.value.filter((w) => matches(query.value, w.hostname, w.words, w.address))
  const picked = waiting.filter((w) => chosen.has(w.keyid))
  const toggle = (keyid: string) => {
    const next = new Set(chosen)
    if (!next.delete(keyid)) next.add(keyid)
    choose(next)
  }
  return (
    <Page title="Waiting" lead={<>Compare the six words with those that <code>wayleave-agent fingerprint</code> shows at the machine</>}
      actions={<Button tone="primary" disabled={picked.length === 0} onClick={() => admit(true)}>Admit {picked.length || ''} selected</Button>}>
      <input class="input" type="search" ref={search} aria-label="Search waiting devices" placeholder="Name, words or address   ( / )" value={query.value} onInput={(e) => { query.value = e.currentTarget.value }} />
      {waiting.length === 0 ? (
        <Empty title={query.value ? `Nothing matches “${query.value}”` : 'No device is waiting'}>
          {!query.value && <p>A workstation appears here as soon as its agent runs with this organisation’s id.</p>}
        </Empty>
      ) : (
        <div class="table-wrap">
          <table class="table">
            <thead>
              <tr>
                <th><input type="checkbox" aria-label="Select all shown" checked={picked.length === waiting.length} onChange={(e) => choose(e.currentTarget.checked ? new Set(waiting.map((w) => w.keyid)) : new Set())} /></th>
                <th>Calls itself</th><th>Words</th><th>From</th><th>Since</th><th><span class="visually-hidden">Actions</span></th>
              </tr>
            </thead>
            <tbody>{waiting.map((w) => <Row key={w.keyid} account={account} waiting={w} chosen={chosen.has(w.keyid)} onToggle={() => toggle(w.keyid)} />)}</tbody>
          </table>
        </div>
      )}
      {admitting && <AdmitDialog account={account} picked={picked} onClose={() => admit(false)} onDone={() => { admit(false); choose(new Set()) }} />}
    </Page>
  )
}

function Row(props: { account: Account; waiting: WaitingView; chosen: boolean; onToggle: () => void }) {
  const { waiting } = props
  const drop = () => props.account.dropWaiting(waiting.keyid).catch((error: unknown) => toast(sentence(error), 'bad'))
  return (
    <tr aria-selected={props.chosen}>
      <td><input type="checkbox" aria-label={`Select ${waiting.hostname}`} checked={props.chosen} onChange={props.onToggle} /></td>
      <td><strong>{waiting.hostname}</strong> {!waiting.online && <Tag dot>away</Tag>}</td>
      <td><Words words={waiting.words} /></td>
      <td class="mono muted">{waiting.address}</td>
      <td class="muted nowrap">{ago(waiting.firstSeen)}</td>
      <td style={{ textAlign: 'right' }}><Button tone="quiet" onClick={drop} aria-label={`Drop ${waiting.hostname}`}>Drop</Button></td>
    </tr>
  )
}

function AdmitDialog(props: { account: Account; picked: WaitingView[]; onClose: () => void; onDone: () => void }) {
  const [groups, setGroups] = useState('workstations')
  const [days, setDays] = useState(365)
  const [compared, setCompared] = useState(false)
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState('')
  const { picked } = props
  const admit = async () => {
    setBusy(true)
    setTrouble('')
    try {
      const { text, tone } = await props.account.admitDevices(picked, groups.split(/[\s,]+/).filter(Boolean), days)
      toast(text, tone)
      props.onDone()
    } catch (error) {
      setTrouble(sentence(error))
      setBusy(false)
    }
  }
  return (
    <Dialog title={picked.length === 1 ? `Admit ${picked[0]?.hostname}` : `Admit ${picked.length} devices`} onClose={props.onClose} onSubmit={() => { if (compared && !busy) void admit() }}
      foot={<><Button onClick={props.onClose}>Cancel</Button><Button tone="primary" type="submit" busy={busy} disabled={!compared}>Sign and admit</Button></>}>
      <ul style={{ margin: 0, paddingLeft: '18px', maxHeight: '180px', overflow: 'auto' }}>
        {picked.map((w) => <li key={w.keyid}>{w.hostname}: <Words words={w.words} /></li>)}
      </ul>
      <Field label="Groups" hint="Policies name groups: these decide who may open the devices."><input class="input" autofocus value={groups} onInput={(e) => setGroups(e.currentTarget.value)} /></Field>
      <Field label="Days"><input class="input" type="number" min={1} max={3650} value={days} onInput={(e) => setDays(e.currentTarget.valueAsNumber || 1)} /></Field>
      <label class="check"><input type="checkbox" checked={compared} onChange={(e) => setCompared(e.currentTarget.checked)} /><span>I compared these words with those shown at {picked.length === 1 ? 'the machine' : 'each machine'}</span></label>
      {trouble && <Note tone="bad">{trouble}</Note>}
    </Dialog>
  )
}
