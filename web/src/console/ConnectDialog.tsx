// The warrant, shown before it is signed: who, which device, what, until when, why. One Enter and one touch.
import { useEffect, useState } from 'preact/hooks'
import { Button, Dialog, Field, Note, Tag } from '../ui/parts'
import { sentence } from '../ui/toast'
import { clock } from '../ui/time'
import type { Account } from './account'
import { type DeviceView, SCOPES, type Scope } from './model'
import { go } from './router'

const REMEMBERED = 'wayleave.connect'

interface Choice {
  scopes: Scope[]
  minutes: number
  attended: boolean
  why: string
  ticket: string
}

export function ConnectDialog(props: { account: Account; device: DeviceView; onClose: () => void }) {
  const { account, device } = props
  const [choice, setChoice] = useState<Choice>(() => remembered())
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState('')
  const [covered, setCovered] = useState<{ policy: string } | { why: string } | null>(null)
  const change = (part: Partial<Choice>) => setChoice({ ...choice, ...part })

  useEffect(() => {
    let live = true
    void account.foresee(device, choice).then((answer) => { if (live) setCovered(answer) })
    return () => { live = false }
  }, [JSON.stringify(choice.scopes), choice.minutes, choice.attended, account.size.value])

  const sign = async () => {
    setBusy(true)
    setTrouble('')
    try {
      localStorage.setItem(REMEMBERED, JSON.stringify(choice))
      const warrant = await account.signWarrant(device, choice)
      go(`/session/${warrant}`)
    } catch (error) {
      setTrouble(sentence(error))
      setBusy(false)
    }
  }

  const refused = covered && 'why' in covered ? covered.why : ''
  const incomplete = choice.why.trim() === '' || choice.scopes.length === 0
  return (
    <Dialog title={`Connect to ${device.name}`} onClose={props.onClose} onSubmit={() => { if (!busy && !incomplete && !refused) void sign() }}
      foot={<>
        <Button onClick={props.onClose}>Cancel</Button>
        <Button tone="primary" type="submit" busy={busy} disabled={incomplete || refused !== ''}>
          {account.identity.holder.kind === 'passkey' ? 'Sign with passkey and connect' : 'Sign and connect'}
        </Button>
      </>}>
      <Field label="Why" hint="The user reads this, and it stays in the receipt.">
        <input class="input" autofocus required maxLength={200} value={choice.why} onInput={(e) => change({ why: e.currentTarget.value })} />
      </Field>
      <ScopeChecks scopes={choice.scopes} onChange={(scopes) => change({ scopes })} />
      <div class="row">
        <label class="field grow"><span>Minutes</span>
          <input class="input" type="number" min={1} max={1440} value={choice.minutes} onInput={(e) => change({ minutes: e.currentTarget.valueAsNumber || 1 })} />
        </label>
        <label class="field grow"><span>Ticket</span>
          <input class="input" maxLength={200} placeholder="optional" value={choice.ticket} onInput={(e) => change({ ticket: e.currentTarget.value })} />
        </label>
      </div>
      <label class="check">
        <input type="checkbox" checked={choice.attended} onChange={(e) => change({ attended: e.currentTarget.checked })} />
        <span>Ask the person at the device first</span>
      </label>
      <Warrant account={account} device={device} choice={choice} />
      {refused && <Note tone="warn">{refused}</Note>}
      {covered && 'policy' in covered && <p class="small muted">Allowed by the policy <strong>{covered.policy}</strong>.</p>}
      {trouble && <Note tone="bad">{trouble}</Note>}
    </Dialog>
  )
}

function Warrant(props: { account: Account; device: DeviceView; choice: Choice }) {
  const { account, device, choice } = props
  return (
    <section class="note" aria-label="The warrant you sign">
      <dl class="facts">
        <dt>Who</dt><dd>{account.identity.name}, {account.orgName.value}</dd>
        <dt>Which device</dt><dd>{device.name} <span class="small muted">{device.words}</span></dd>
        <dt>What</dt><dd>{SCOPES.filter((s) => choice.scopes.includes(s.scope)).map((s) => s.title).join(', ') || '—'}</dd>
        <dt>Why</dt><dd>{choice.why.trim() || '—'}{choice.ticket.trim() && <span class="muted"> ({choice.ticket.trim()})</span>}</dd>
        <dt>Until</dt><dd>{clock(Date.now() + choice.minutes * 60_000)} {choice.attended ? <Tag>asks the user</Tag> : <Tag tone="warn">nobody is asked</Tag>}</dd>
      </dl>
    </section>
  )
}

export function ScopeChecks(props: { scopes: Scope[]; onChange: (scopes: Scope[]) => void; legend?: string }) {
  const toggle = (scope: Scope, on: boolean) => {
    const next = SCOPES.map((s) => s.scope).filter((s) => (s === scope ? on : props.scopes.includes(s)))
    props.onChange(next)
  }
  return (
    <fieldset class="checks">
      <legend>{props.legend ?? 'What you may do'}</legend>
      {SCOPES.map(({ scope, title, says }) => (
        <label class="check" key={scope}>
          <input type="checkbox" checked={props.scopes.includes(scope)} onChange={(e) => toggle(scope, e.currentTarget.checked)} />
          <span><strong>{title}</strong><br /><span class="small muted">{says}</span></span>
        </label>
      ))}
    </fieldset>
  )
}

function remembered(): Choice {
  const choice: Choice = { scopes: ['view', 'control', 'files_read', 'files_write', 'shell', 'clipboard_read', 'clipboard_write'], minutes: 60, attended: true, why: '', ticket: '' }
  try {
    const kept = JSON.parse(localStorage.getItem(REMEMBERED) ?? '{}') as Partial<Choice>
    return { ...choice, ...kept, ticket: '' }
  } catch {
    return choice
  }
}
