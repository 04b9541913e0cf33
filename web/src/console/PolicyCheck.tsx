// Whether somebody could do something on a device, and what is in the way: asked of the same rules that workstations judge by.
import { useMemo, useState } from 'preact/hooks'
import { type Explanation, noBounds, type Weighed } from '../trust'
import { Note, Tag } from '../ui/parts'
import type { Account } from './account'
import { BoundsFields, boundsFor, usersOf } from './Bounds'
import { ScopeChecks } from './ConnectDialog'
import type { DeviceView, PersonView } from './model'
import { type Question, whyNot } from './wishes'

export function PolicyCheck(props: { account: Account }) {
  const { account } = props
  const people = account.people.value.filter((person) => person.role === 'technician' || person.role === 'admin')
  const technicians = people.filter((person) => person.role === 'technician')
  const devices = account.devices.value
  const [question, setQuestion] = useState<Question>(() => ({
    technician: technicians[0]?.keyid ?? '', device: devices[0]?.keyid ?? '', scopes: ['view'], minutes: 30, attended: true, approvers: [], bounds: noBounds(), hasTicket: false,
  }))
  const change = (part: Partial<Question>) => setQuestion({ ...question, ...part })
  const explained = useMemo(
    () => (question.technician && question.device && question.scopes.length > 0 ? account.explain({ ...question, bounds: boundsFor(question.scopes, question.bounds) }) : undefined),
    [JSON.stringify(question), account.size.value],
  )
  if (technicians.length === 0 || devices.length === 0) {
    return <p class="muted">With a technician and a device admitted, this page also says who may do what, and what is in the way.</p>
  }
  return (
    <section class="card stack" aria-labelledby="policy-check">
      <h2 id="policy-check">Who may do what</h2>
      <div class="columns">
        <div class="stack">
          <Chosen label="Technician" value={question.technician} options={technicians} onChange={(technician) => change({ technician, approvers: [] })} />
          <Chosen label="Device" value={question.device} options={devices} onChange={(device) => change({ device })} />
          <label class="field"><span>Minutes</span>
            <input class="input" type="number" min={1} max={10080} value={question.minutes} onInput={(e) => change({ minutes: e.currentTarget.valueAsNumber || 1 })} />
          </label>
          <label class="check"><input type="checkbox" checked={question.attended} onChange={(e) => change({ attended: e.currentTarget.checked })} /><span>The person at the device is asked</span></label>
          <label class="check"><input type="checkbox" checked={question.hasTicket} onChange={(e) => change({ hasTicket: e.currentTarget.checked })} /><span>With a ticket</span></label>
          <Approvers people={people.filter((person) => person.keyid !== question.technician)} chosen={question.approvers} onChange={(approvers) => change({ approvers })} />
        </div>
        <div class="stack">
          <ScopeChecks legend="What" scopes={question.scopes} onChange={(scopes) => change({ scopes })} />
          <BoundsFields scopes={question.scopes} bounds={question.bounds} users={usersOf(account.policies.value)} onChange={(bounds) => change({ bounds })} />
        </div>
      </div>
      <div role="status">{explained ? <Answer explained={explained} /> : <Note>Choose at least one thing to do.</Note>}</div>
    </section>
  )
}

function Chosen(props: { label: string; value: string; options: (PersonView | DeviceView)[]; onChange: (keyid: string) => void }) {
  return (
    <label class="field"><span>{props.label}</span>
      <select class="input" value={props.value} onChange={(e) => props.onChange(e.currentTarget.value)}>
        {props.options.map((option) => (
          <option key={option.keyid} value={option.keyid}>{option.name}{option.groups.length > 0 ? ` (${option.groups.join(', ')})` : ''}{option.standing === 'in_force' ? '' : `, ${option.standing}`}</option>
        ))}
      </select>
    </label>
  )
}

function Approvers(props: { people: PersonView[]; chosen: string[]; onChange: (keyids: string[]) => void }) {
  if (props.people.length === 0) return null
  return (
    <fieldset class="checks">
      <legend>Who would approve</legend>
      {props.people.map(({ keyid, name, role }) => (
        <label class="check" key={keyid}>
          <input type="checkbox" checked={props.chosen.includes(keyid)} onChange={(e) => props.onChange(e.currentTarget.checked ? [...props.chosen, keyid] : props.chosen.filter((one) => one !== keyid))} />
          <span>{name} <span class="muted small">{role}</span></span>
        </label>
      ))}
    </fieldset>
  )
}

function Answer(props: { explained: Explanation }) {
  const { obstacles, policies, allowedBy } = props.explained
  return (
    <Note tone={allowedBy === undefined ? 'warn' : 'good'}>
      <p><strong>{allowedBy === undefined ? 'Not allowed' : <>Allowed, by the policy {allowedBy}</>}</strong></p>
      <ul class="plain">
        {obstacles.map((obstacle) => <li key={obstacle.code}>{whyNot(obstacle)}</li>)}
        {policies.map((weighed) => <PolicyAnswer key={weighed.policy} weighed={weighed} />)}
      </ul>
      {allowedBy !== undefined && <p class="small muted">The workstation itself judges again when it is asked.</p>}
    </Note>
  )
}

function PolicyAnswer(props: { weighed: Weighed }) {
  const { policy, misses, counts } = props.weighed
  return (
    <li>
      <Tag tone={misses.length === 0 ? 'good' : 'warn'}>{policy}</Tag> {misses.length === 0 ? 'covers it.' : misses.map((miss) => whyNot(miss, true)).join(' ')}
      {counts && <span class="muted"> Witnesses count it first ({counts.need} of them): {counts.devicesPerHour} devices of one person within an hour.</span>}
    </li>
  )
}
