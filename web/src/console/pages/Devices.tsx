// The list a technician works from: type, Enter, touch.
import { signal } from '@preact/signals'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Button, Empty, Page, Tag } from '../../ui/parts'
import { useSlashFocus } from '../../ui/slash'
import { asSentence } from '../../ui/text'
import { ago } from '../../ui/time'
import { toast } from '../../ui/toast'
import type { Account } from '../account'
import { ConnectDialog } from '../ConnectDialog'
import { type DeviceView, matches } from '../model'
import { Remote } from '../remote'

const query = signal('')

export function Devices(props: { account: Account }) {
  const { account } = props
  const [selected, select] = useState(0)
  const [connecting, connect] = useState<DeviceView | null>(null)
  const search = useRef<HTMLInputElement>(null)
  const devices = account.devices.value
  const shown = useMemo(() => order(devices.filter((d) => matches(query.value, d.name, d.groups.join(' '), d.keyid))), [devices, query.value])
  useSlashFocus(search)
  useEffect(() => search.current?.focus(), [])
  // Whoever looks at this list may connect from it soon.
  useEffect(() => Remote.prepare(), [])
  useEffect(() => select(0), [query.value])
  useEffect(() => { document.querySelector('#devices tr[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }) }, [selected])

  const open = (device: DeviceView | undefined) => {
    if (device && isReachable(device)) connect(device)
    else if (device) toast(`${device.name} cannot be reached now: ${device.standing === 'in_force' ? 'it is offline' : 'it is not admitted any more'}.`)
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') select(Math.min(selected + 1, shown.length - 1))
    else if (event.key === 'ArrowUp') select(Math.max(selected - 1, 0))
    else if (event.key === 'Enter') open(shown[selected])
    else if (event.key === 'Escape') query.value = ''
    // Whoever presses it here is where it leads to already.
    else if (event.key === '/' && query.value === '') search.current?.focus()
    else return
    event.preventDefault()
  }

  return (
    <Page title="Devices" lead={<Counts devices={devices} />}>
      <div class="row">
        <label class="grow">
          <span class="visually-hidden">Search devices</span>
          <input class="input" type="search" ref={search} autofocus placeholder="Name or group   ( / )" value={query.value} aria-controls="devices" aria-activedescendant={shown[selected] ? `device-${shown[selected].keyid}` : undefined} onInput={(e) => { query.value = e.currentTarget.value }} onKeyDown={onKey} />
        </label>
        <span class="muted small nowrap"><kbd>↑</kbd> <kbd>↓</kbd> choose <kbd>Enter</kbd> connect</span>
      </div>
      <DeviceTable account={account} shown={shown} selected={selected} connect={open} />
      {connecting && <ConnectDialog account={account} device={connecting} onClose={() => { connect(null); search.current?.focus() }} />}
    </Page>
  )
}

function DeviceTable(props: { account: Account; shown: DeviceView[]; selected: number; connect: (device: DeviceView) => void }) {
  if (props.shown.length === 0) {
    return (
      <Empty title={query.value ? `No device matches “${query.value}”` : 'No device yet'}>
        {query.value ? <Button onClick={() => { query.value = '' }}>Show all</Button> : <FirstDevice account={props.account} />}
      </Empty>
    )
  }
  return (
    <div class="table-wrap">
      <table class="table" id="devices">
        <thead><tr><th>Device</th><th>Groups</th><th>Presence</th><th><span class="visually-hidden">Actions</span></th></tr></thead>
        <tbody>
          {props.shown.map((device, at) => (
            <tr key={device.keyid} id={`device-${device.keyid}`} aria-selected={at === props.selected} onDblClick={() => props.connect(device)}>
              <td><strong>{device.name}</strong></td>
              <td class="muted">{device.groups.join(', ') || '—'}</td>
              <td><Presence device={device} /></td>
              <td style={{ textAlign: 'right' }}>
                <Button disabled={!isReachable(device)} onClick={() => props.connect(device)} aria-label={`Connect to ${device.name}`}>Connect</Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

const isReachable = (device: DeviceView): boolean => device.standing === 'in_force' && device.presence?.online === true

function Presence(props: { device: DeviceView }) {
  const { standing, presence } = props.device
  if (standing !== 'in_force') return <Tag tone="bad">{standing === 'expired' ? 'Admission expired' : 'Revoked'}</Tag>
  if (!presence?.online) return <Tag dot>Offline{presence?.last_seen ? `, seen ${ago(presence.last_seen)}` : ''}</Tag>
  // The first half says why; what to do about it is told on connecting.
  if (presence.display?.state === 'none') return <><Tag tone="warn" dot>Online, no screen</Tag><div class="small muted reason">{asSentence(presence.display.why?.split(';')[0] ?? '')}</div></>
  return <Tag tone="good" dot>Online</Tag>
}

function Counts(props: { devices: DeviceView[] }) {
  const online = props.devices.filter((d) => d.presence?.online).length
  return <>{online} online of {props.devices.length}</>
}

function FirstDevice(props: { account: Account }) {
  const { identity } = props.account
  return (
    <>
      <p>Install the agent on a workstation and start it with the organisation’s id. It then waits for you under <a href="/waiting">Waiting</a>.</p>
      <code>wayleave-agent run --server {identity.server} --org {identity.org}</code>
    </>
  )
}

function order(devices: DeviceView[]): DeviceView[] {
  const rank = (d: DeviceView) => (d.standing !== 'in_force' ? 2 : d.presence?.online ? 0 : 1)
  return [...devices].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name))
}
