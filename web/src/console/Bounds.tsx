// Folders and users: how far files and shells reach, in a policy and in a warrant.
import { useState } from 'preact/hooks'
import { type Bounds, isPath, isUnbound, isUser, noBounds } from '../trust'
import type { PolicyView, Scope } from './model'

const NARROWED: readonly Scope[] = ['files_read', 'files_write', 'shell']

// One item a line; what is typed stays as it is typed.
function Lines(props: { label: string; hint: string; items: readonly string[]; isGood: (item: string) => boolean; fault: string; onChange: (items: string[]) => void }) {
  const [text, setText] = useState(props.items.join('\n'))
  const itemsOf = (of: string) => of.split('\n').map((line) => line.trim()).filter(Boolean)
  const bad = itemsOf(text).find((item) => !props.isGood(item))
  const type = (element: HTMLTextAreaElement) => {
    setText(element.value)
    props.onChange(itemsOf(element.value))
  }
  return (
    <label class="field grow"><span>{props.label}</span>
      <textarea class="input" rows={Math.max(1, Math.min(4, text.split('\n').length))} value={text} aria-invalid={bad !== undefined} onInput={(e) => type(e.currentTarget)} />
      <small {...(bad === undefined ? {} : { class: 'bad', role: 'alert' })}>{bad === undefined ? props.hint : `“${bad}” ${props.fault}`}</small>
    </label>
  )
}

export function Folders(props: { label: string; hint: string; folders: readonly string[]; onChange: (folders: string[]) => void }) {
  return <Lines label={props.label} hint={props.hint} items={props.folders} isGood={isPath} fault="is no absolute path in its shortest form." onChange={props.onChange} />
}

export function Users(props: { label: string; hint: string; users: readonly string[]; onChange: (users: string[]) => void }) {
  return <Lines label={props.label} hint={props.hint} items={props.users} isGood={isUser} fault="is no name of a user." onChange={props.onChange} />
}

// What narrows the chosen scopes in a warrant or a question.
export function BoundsFields(props: { scopes: readonly Scope[]; bounds: Bounds; users: readonly string[]; onChange: (bounds: Bounds) => void }) {
  const { scopes, bounds } = props
  const change = (part: Partial<Bounds>) => props.onChange({ ...bounds, ...part })
  const hint = 'One a line, such as /home/anna/Documents; empty: as the policy has it.'
  if (!scopes.some((scope) => NARROWED.includes(scope))) return null
  return (
    <details class="stack" open={!isUnbound(bounds)}>
      <summary>Narrow it down</summary>
      {scopes.includes('files_read') && <Folders label="Fetch only from" hint={hint} folders={bounds.read_under} onChange={(read_under) => change({ read_under })} />}
      {scopes.includes('files_write') && <Folders label="Put only into" hint={hint} folders={bounds.write_under} onChange={(write_under) => change({ write_under })} />}
      {scopes.includes('shell') && props.users.length > 0 && (
        <label class="field"><span>Shell as</span>
          <select class="input" value={bounds.shell_as ?? ''} onChange={(e) => change({ shell_as: e.currentTarget.value || undefined })}>
            <option value="">the user of the display</option>
            {props.users.map((user) => <option key={user} value={user}>{user}</option>)}
          </select>
        </label>
      )}
    </details>
  )
}

// Users as whom one of the policies lets a shell run.
export const usersOf = (policies: readonly PolicyView[]): string[] => [...new Set(policies.flatMap((policy) => policy.shellAs))]

// Bounds without what narrows a scope that is not chosen.
export const boundsFor = (scopes: readonly Scope[], bounds: Bounds): Bounds => ({
  read_under: scopes.includes('files_read') ? bounds.read_under : [],
  write_under: scopes.includes('files_write') ? bounds.write_under : [],
  shell_as: scopes.includes('shell') ? bounds.shell_as : undefined,
})

// The user of the shell where the policies leave no choice, else the display's.
export function firstBounds(policies: readonly PolicyView[]): Bounds {
  const withShell = policies.filter((policy) => policy.scopes.includes('shell'))
  const users = usersOf(withShell)
  const isForced = users.length === 1 && withShell.every((policy) => policy.shellAs.length > 0)
  return { ...noBounds(), ...(isForced ? { shell_as: users[0] } : {}) }
}

// What a policy narrows, in words.
export function boundsTold(policy: Pick<PolicyView, 'readUnder' | 'writeUnder' | 'shellAs' | 'ticketRequired'>): string[] {
  return [
    policy.readUnder.length > 0 ? `fetches only from ${policy.readUnder.join(', ')}` : '',
    policy.writeUnder.length > 0 ? `puts only into ${policy.writeUnder.join(', ')}` : '',
    policy.shellAs.length > 0 ? `shell only as ${policy.shellAs.join(' or ')}` : '',
    policy.ticketRequired ? 'with a ticket' : '',
  ].filter(Boolean)
}
