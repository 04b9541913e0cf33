// The warrant, shown before it is signed: who, which device, what, until when, why. One Enter and one touch.
import { useEffect, useMemo, useState } from 'preact/hooks'
import { AwaitApproval, WhoIsAsked } from './AwaitApproval'
import { Button, Dialog, Field, Note } from '../ui/parts'
import { asSentence } from '../ui/text'
import { sentence } from '../ui/toast'
import type { Account, Choice } from './account'
import { BoundsFields, boundsFor, firstBounds, usersOf } from './Bounds'
import { type DeviceView, SCOPES, type Scope } from './model'
import { Remote } from './remote'
import { go } from './router'
import { fitting, kindOf, longest, recall, remember, suggest } from './suggest'
import { WarrantFacts } from './WarrantFacts'

export function ConnectDialog(props: { account: Account; device: DeviceView; onClose: () => void }) {
  const { account, device } = props
  const kind = kindOf(account.identity.org, device)
  const fit = fitting(account.policies.value, account.groups, device)
  const [chosen, setChoice] = useState<Choice>(() => ({ ...suggest(fit, recall(kind)), why: '', ticket: '', bounds: firstBounds(fit) }))
  const choice = { ...chosen, bounds: boundsFor(chosen.scopes, chosen.bounds) }
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState('')
  const [asking, setAsking] = useState('')
  const change = (part: Partial<Choice>) => setChoice({ ...chosen, ...part })

  const { covered, asks, granted, wantsTicket, lacksTicket, refused } = useForesight(account, device, choice)

  useEffect(() => Remote.prepare(), [])

  const verb = asks ? 'ask' : 'connect'
  const sign = async () => {
    setBusy(true)
    setTrouble('')
    try {
      remember(kind, choice)
      const warrant = await account.signWarrant(device, { ...choice, bounds: granted })
      if (!asks) return go(`/session/${warrant}`)
      await account.approvals.ask(warrant)
      setAsking(warrant)
    } catch (error) {
      setTrouble(sentence(error))
      setBusy(false)
    }
  }

  const incomplete = choice.why.trim() === '' || choice.scopes.length === 0
  const display = device.presence?.display
  if (asking) return <AwaitApproval account={account} warrant={asking} onClose={props.onClose} />
  return (
    <Dialog wide title={`Connect to ${device.name}`} onClose={props.onClose} onSubmit={() => { if (!busy && !incomplete && !refused) void sign() }}
      foot={<>
        <span class="grow small muted" role="status">{'policy' in covered && <>Allowed by the policy <strong>{covered.policy}</strong></>}{asks && <>The policy <strong>{asks.policy}</strong> asks for approval</>}</span>
        <Button onClick={props.onClose}>Cancel</Button>
        <Button tone="primary" type="submit" busy={busy} disabled={incomplete || refused !== ''}>
          {account.identity.holder.kind === 'passkey' ? `Sign with passkey and ${verb}` : `Sign and ${verb}`}
        </Button>
      </>}>
      {display?.state === 'none' && <Note tone="warn"><strong>This device shows no screen.</strong> {asSentence(display.why ?? '')}</Note>}
      <Field label="Why" hint="The user reads this, and it stays in the receipt.">
        <input class="input" autofocus required maxLength={200} value={choice.why} onInput={(e) => change({ why: e.currentTarget.value })} />
      </Field>
      <div class="columns">
        <div class="stack">
          <ScopeChecks scopes={choice.scopes} {...(fit.length > 0 ? { allowed: fit.flatMap((policy) => policy.scopes) } : {})} onChange={(scopes) => change({ scopes })} />
          <BoundsFields scopes={choice.scopes} bounds={choice.bounds} users={usersOf(fit)} onChange={(bounds) => change({ bounds })} />
        </div>
        <div class="stack">
          <HowLong choice={choice} longest={longest(fit)} wantsTicket={wantsTicket} onChange={change} />
          <section class="note" aria-label="The warrant you sign">
            <WarrantFacts warrant={{ ...choice, bounds: granted, who: `${account.identity.name}, ${account.orgName.value}`, device: device.name, words: device.words, why: choice.why.trim(), ticket: choice.ticket.trim(), until: Date.now() + choice.minutes * 60_000 }} />
          </section>
        </div>
      </div>
      {asks && <WhoIsAsked account={account} asks={asks} />}
      {refused && !lacksTicket && <Note tone="warn">{refused} {fit.length > 0 && <Button tone="quiet" onClick={() => change({ ...suggest(fit, undefined), bounds: firstBounds(fit) })}>Only what a policy allows</Button>}</Note>}
      {trouble && <Note tone="bad">{trouble}</Note>}
    </Dialog>
  )
}

// What the workstation would say to the choice, asked anew only when an answer could change.
function useForesight(account: Account, device: DeviceView, choice: Choice) {
  const asked = [JSON.stringify([choice.scopes, choice.bounds]), choice.minutes, choice.attended, account.size.value]
  const covered = useMemo(() => account.foresee(device, choice), [...asked, choice.ticket.trim() !== ''])
  const bare = useMemo(() => account.foresee(device, { ...choice, ticket: '' }), asked)
  const asks = 'asks' in covered ? covered.asks : undefined
  return {
    covered, asks,
    // What is shown and signed says itself how far the policy lets it reach.
    granted: 'policy' in covered ? covered.bounds : (asks?.bounds ?? choice.bounds),
    wantsTicket: 'why' in bare && bare.wantsTicket,
    lacksTicket: 'why' in covered && covered.wantsTicket,
    refused: 'why' in covered ? covered.why : '',
  }
}

function HowLong(props: { choice: Choice; longest: number; wantsTicket: boolean; onChange: (part: Partial<Choice>) => void }) {
  const { choice, onChange } = props
  return (
    <>
      <div class="row" style={{ alignItems: 'start' }}>
        <label class="field grow"><span>Minutes</span>
          <input class="input" type="number" min={1} max={props.longest} value={choice.minutes} onInput={(e) => onChange({ minutes: e.currentTarget.valueAsNumber || 1 })} />
        </label>
        <label class="field grow"><span>Ticket</span>
          <input class="input" maxLength={200} required={props.wantsTicket} placeholder={props.wantsTicket ? '' : 'optional'} value={choice.ticket} onInput={(e) => onChange({ ticket: e.currentTarget.value })} />
          {props.wantsTicket && <small>The policy asks for a ticket.</small>}
        </label>
      </div>
      <label class="check">
        <input type="checkbox" checked={choice.attended} onChange={(e) => onChange({ attended: e.currentTarget.checked })} />
        <span>Ask the person at the device first</span>
      </label>
    </>
  )
}

// `allowed` names what can be chosen; what is beyond it says so.
export function ScopeChecks(props: { scopes: Scope[]; allowed?: Scope[]; onChange: (scopes: Scope[]) => void; legend?: string }) {
  const toggle = (scope: Scope, on: boolean) => {
    const next = SCOPES.map((s) => s.scope).filter((s) => (s === scope ? on : props.scopes.includes(s)))
    props.onChange(next)
  }
  return (
    <fieldset class="checks">
      <legend>{props.legend ?? 'What you may do'}</legend>
      {SCOPES.map(({ scope, title, says }) => {
        const beyond = props.allowed ? !props.allowed.includes(scope) : false
        return (
          <label class={`check ${beyond ? 'muted' : ''}`} key={scope}>
            <input type="checkbox" name={scope} disabled={beyond && !props.scopes.includes(scope)} checked={props.scopes.includes(scope)} onChange={(e) => toggle(scope, e.currentTarget.checked)} />
            <span><strong>{title}</strong><br /><span class="small muted">{beyond ? 'No policy allows it here' : says}</span></span>
          </label>
        )
      })}
    </fieldset>
  )
}
