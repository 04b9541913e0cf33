// The list a technician works from: type, Enter, touch.
import { signal } from '@preact/signals'
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { Button, Empty, Loading, Page, Tag } from '../../ui/parts'
import { ago } from '../../ui/time'
import type { Account } from '../account'
import { ConnectDialog } from '../ConnectDialog'
import { type DeviceView, matches } from '../model'

const query = signal('')

export function Devices(props: { account: Account }) {
  const { account } = props
  const [selected, select] = useState(0)
  const [connecting, connect] = useState<DeviceView | null>(null)
  const search = useRef<HTMLInputElement>(null)
  const devices = account.devices.value
  const shown = useMemo(() => order(devices.filter((d) => matches(query.value, d.name, d.groups.join(' '), d.keyid))), [devices, query.value])
  useSlashFocus(search)
  useEffect(() => select(0), [query.value])

  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') select(Math.min(selected + 1, shown.length - 1))
    else if (event.key === 'ArrowUp') select(Math.max(selected - 1, 0))
    else if (event.key === 'Enter' && shown[selected]) connect(shown[selected])
    else if (event.key === 'Escape') query.value = ''
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
      {!account.ready.value ? <Loading what="Reading the organisation’s ledger" /> : <DeviceTable account={account} shown={shown} selected={selected} connect={connect} />}
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
                <Button disabled={device.standing !== 'in_force' || !device.presence?.online} onClick={() => props.connect(device)} aria-label={`Connect to ${device.name}`}>Connect</Button>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Presence(props: { device: DeviceView }) {
  const { standing, presence } = props.device
  if (standing !== 'in_force') return <Tag tone="bad">{standing === 'expired' ? 'Admission expired' : 'Revoked'}</Tag>
  if (!presence?.online) return <Tag dot>Offline{presence?.last_seen ? `, seen ${ago(presence.last_seen)}` : ''}</Tag>
  if (presence.display?.state === 'none') return <span title={presence.display.why}><Tag tone="warn" dot>Online, no screen</Tag></span>
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

function useSlashFocus(ref: { current: HTMLInputElement | null }): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement
      if (event.key !== '/' || typing || document.querySelector('dialog[open]')) return
      event.preventDefault()
      ref.current?.focus()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [])
}
