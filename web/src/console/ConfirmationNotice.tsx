// Stands above every page after a revocation that was made here, until everybody has confirmed it or it is put away.
import { Button, Tag } from '../ui/parts'
import { ago, clock } from '../ui/time'
import type { Account } from './account'
import { type AskedDevice, type Confirmation, isComplete, progress } from './confirmations'

export function ConfirmationNotice(props: { account: Account }) {
  const { confirmations } = props.account
  const current = confirmations.current.value
  if (!current) return null
  const devices = current.devices ?? []
  const lacking = devices.filter((d) => d.says !== 'confirmed').sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
  const complete = isComplete(current)
  return (
    <div class="page" style={{ marginBottom: '16px' }}>
      <section class={`note ${complete ? 'good' : 'warn'} stack`} aria-label="Who has confirmed">
        <div class="row between">
          <strong>{current.what}</strong>
          <Button tone="quiet" aria-label={`Put away: ${current.what}`} onClick={() => confirmations.dismiss()}>×</Button>
        </div>
        <div class="row" role="status">
          <span>Confirmed by {progress(current)}</span>
          {!complete && !current.unknown && <span class="spinner" aria-hidden="true" />}
        </div>
        {devices.length > 0 && <progress max={devices.length} value={devices.length - lacking.length} aria-label="Devices that have confirmed" />}
        <p class="small">{verdict(current)}</p>
        {current.unknown && <p class="small">What devices say is UNKNOWN now: {current.unknown}</p>}
        {lacking.length > 0 && <Lacking devices={lacking} />}
      </section>
    </div>
  )
}

function Lacking(props: { devices: AskedDevice[] }) {
  const { devices } = props
  return (
    <details open={devices.length <= 8}>
      <summary>{devices.length === 1 ? '1 device has' : `${devices.length} devices have`} not confirmed</summary>
      <ul class="plain small lacking">
        {devices.map((device) => <li key={device.keyid} class="row"><strong>{device.name}</strong><Where device={device} /></li>)}
      </ul>
    </details>
  )
}

function Where(props: { device: AskedDevice }) {
  const { says, online, lastSeen } = props.device
  if (says === 'other_history') return <Tag tone="bad">shows another history of the ledger: tell your security officer</Tag>
  if (online) return <Tag dot>online, has not signed it yet</Tag>
  return <Tag dot>{lastSeen ? `offline, last seen ${ago(lastSeen)}` : 'offline, never seen'}</Tag>
}

const rank = (device: AskedDevice): number => (device.says === 'other_history' ? 0 : device.online ? 1 : 2)

function verdict(confirmation: Confirmation): string {
  const { inForceBy, quorum, devices } = confirmation
  if (inForceBy !== undefined && devices?.length && isComplete(confirmation)) return 'In force on every device: each has signed that it holds it.'
  if (inForceBy !== undefined) return `In force on every device at ${clock(inForceBy + 59_999)} at the latest: a device that does not learn of it closes by then.`
  if (quorum === 0) return 'A confirmation is a device’s signature. It is not called in force: without a witness, a service that withholds it can still help the revoked key on devices that have not confirmed.'
  return 'NOT YET IN FORCE: too few witnesses hold it, so a service that withholds it can still help the revoked key.'
}
