// A warrant in words: the same before it is signed and while it is used.
import { type Bounds, boundsWords } from '../trust'
import { Tag } from '../ui/parts'
import { clock } from '../ui/time'
import { SCOPES, type Scope } from './model'

export interface WarrantView {
  who: string
  device: string
  words: string
  scopes: readonly Scope[]
  bounds: Bounds
  why: string
  ticket: string
  until: number
  attended: boolean
}

// `theirs`: why is somebody else's word.
export function WarrantFacts(props: { warrant: WarrantView; theirs?: boolean }) {
  const { warrant } = props
  const what = SCOPES.filter((s) => warrant.scopes.includes(s.scope))
  return (
    <dl class="facts">
      <dt>Who</dt><dd>{warrant.who}</dd>
      <dt>Which device</dt><dd>{warrant.device} <span class="small muted">{warrant.words}</span></dd>
      <dt>What</dt>
      <dd>{what.length === 0 ? '—' : what.map(({ scope, title, means }, at) => <span key={scope}>{at > 0 && ', '}{means ? <strong>{title}: {means}</strong> : title}{boundsWords(warrant.bounds, scope) && <strong class="paths"> {boundsWords(warrant.bounds, scope)}</strong>}</span>)}</dd>
      <dt>Why</dt><dd>{props.theirs ? <>“{warrant.why}” <span class="small muted">in the technician’s words</span></> : warrant.why || '—'}{warrant.ticket && <span class="muted"> ({warrant.ticket})</span>}</dd>
      <dt>Until</dt><dd>{clock(warrant.until)} {warrant.attended ? <Tag>asks the user</Tag> : <Tag tone="warn">nobody is asked</Tag>}</dd>
    </dl>
  )
}
