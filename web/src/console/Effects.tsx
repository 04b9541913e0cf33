// What breaks without a key, each with the devices that it is about.
import type { Effect } from '../trust'
import { asSentence } from '../ui/text'
import type { Account } from './account'

const NAMED_MAX = 20

export function Effects(props: { account: Account; effects: readonly Effect[] }) {
  if (props.effects.length === 0) return <p class="muted">Nothing breaks without it.</p>
  return (
    <ul class="plain" aria-label="Without this key">
      {props.effects.map((effect) => (
        <li key={effect.text} class={effect.breaks ? '' : 'muted'}>
          {asSentence(effect.text)}
          {effect.devices.length > 0 && <span class="small muted"> {effect.devices.slice(0, NAMED_MAX).map((id) => props.account.deviceName(id)).join(', ')}{effect.devices.length > NAMED_MAX && ` and ${effect.devices.length - NAMED_MAX} more`}.</span>}
        </li>
      ))}
    </ul>
  )
}
