// What the workstations themselves say happened: fetched, checked here, and opened with the audit key.
import { signal } from '@preact/signals'
import { useEffect, useMemo, useState } from 'preact/hooks'
import { boundsWords, type OpeningKey } from '../../trust'
import { Button, Empty, Field, Loading, Note, Page, Tag } from '../../ui/parts'
import { asSentence } from '../../ui/text'
import { ago, day } from '../../ui/time'
import { sentence } from '../../ui/toast'
import type { Account } from '../account'
import { matches, SCOPES } from '../model'
import { asCsv, type DeviceReceipts, faultText, type ReceiptLine } from '../receipts'

const SECRET_CHARS = 43

// In memory only, and gone with the page.
const audit = signal<OpeningKey | undefined>(undefined)

export function Receipts(props: { account: Account }) {
  const { account } = props
  const devices = account.devices.value
  const [device, choose] = useState(devices[0]?.keyid ?? '')
  const [found, setFound] = useState<DeviceReceipts | null>(null)
  const [trouble, setTrouble] = useState('')
  const [turn, again] = useState(0)
  useEffect(() => {
    let live = true
    setFound(null)
    setTrouble('')
    if (device) {
      account.receipts(device, audit.value).then((receipts) => { if (live) setFound(receipts) }, (error: unknown) => { if (live) setTrouble(sentence(error)) })
    }
    return () => { live = false }
  }, [device, audit.value, turn])
  if (devices.length === 0) return <Page title="Receipts"><Empty title="No device yet"><p>Each workstation keeps a signed account of every access to it. Admit one first.</p></Empty></Page>
  return (
    <Page title="Receipts" lead="Signed by each workstation, numbered without a gap, checked here" actions={<Button onClick={() => again(turn + 1)}>Read again</Button>}>
      <label class="field"><span>Device</span>
        <select class="input" value={device} onChange={(e) => choose(e.currentTarget.value)}>
          {devices.map((one) => <option key={one.keyid} value={one.keyid}>{one.name}</option>)}
        </select>
      </label>
      {trouble && <Note tone="bad">{trouble}</Note>}
      {!found && !trouble && <Loading what="Reading and checking" />}
      {found && <Verdict found={found} />}
      {!audit.value && <AuditKey account={account} />}
      {found && found.lines.length === 0 && <Empty title="Nobody has asked this device for anything" />}
      {found && found.lines.length > 0 && <Lines found={found} name={account.deviceName(device)} />}
    </Page>
  )
}

function Verdict(props: { found: DeviceReceipts }) {
  const { verdict, beat, altered } = props.found
  const isWhole = altered === undefined && verdict.faults.length === 0
  return (
    <Note tone={isWhole ? 'good' : 'bad'} live>
      {altered && <p><strong>{asSentence(altered)}</strong></p>}
      {verdict.faults.map((fault) => <p key={faultText(fault)}><strong>{faultText(fault)}</strong></p>)}
      {isWhole ? <p><strong>{verdict.newest.n === 0 ? 'No receipt, as far as is known' : `Whole to receipt ${verdict.newest.n}, as far as is known`}</strong></p> : verdict.wholeTo > 0 && <p>Whole to receipt {verdict.wholeTo}. Tell your security officer.</p>}
      <p class="small muted">{beat ? `The device’s last word about its chain is of ${ago(beat.at)}.` : 'The service has no word of the device about its chain yet: what is newer is UNKNOWN.'}</p>
    </Note>
  )
}

function AuditKey(props: { account: Account }) {
  const [trouble, setTrouble] = useState('')
  const take = (text: string) => {
    props.account.auditKey(text).then((key) => { audit.value = key }, (error: unknown) => setTrouble(sentence(error)))
  }
  return (
    <section class="card stack" aria-labelledby="audit-key">
      <h2 id="audit-key">Who it was and why is sealed</h2>
      <p>The audit key opens it, in this page only: from the backup file of the organisation, or its line <code>audit_secret</code>. It is kept nowhere.</p>
      <div class="columns">
        <Field label="Backup file"><input class="input" type="file" accept=".json,application/json" onChange={(e) => { void e.currentTarget.files?.[0]?.text().then(take) }} /></Field>
        <Field label="Audit secret"><input class="input" type="password" autocomplete="off" spellcheck={false} onInput={(e) => { if (e.currentTarget.value.trim().length >= SECRET_CHARS) take(e.currentTarget.value) }} /></Field>
      </div>
      {trouble && <Note tone="bad" live>{trouble}</Note>}
    </section>
  )
}

const TITLES = { open: 'Opened', resume: 'Went on', pause: 'Stood still', close: 'Closed', deny: 'Refused' }

function Lines(props: { found: DeviceReceipts; name: string }) {
  const [query, search] = useState('')
  const { found } = props
  const shown = found.lines.filter(({ receipt, body }) => matches(query, TITLES[receipt.ev], body?.name ?? '', body?.why ?? '', body?.ticket ?? '', body?.outcome?.text ?? ''))
  const file = useMemo(() => URL.createObjectURL(new Blob([asCsv(shown)], { type: 'text/csv' })), [found, query])
  return (
    <>
      <div class="row">
        <label class="grow"><span class="visually-hidden">Search receipts</span><input class="input" type="search" placeholder="Name, why, ticket, what" value={query} onInput={(e) => search(e.currentTarget.value)} /></label>
        <a class="button" download={`receipts-${props.name}.csv`} href={file}>Save as CSV</a>
      </div>
      <div class="table-wrap">
        <table class="table">
          <thead><tr><th>No.</th><th>When</th><th>What</th><th>Who</th><th>Allowed</th><th>Why</th></tr></thead>
          <tbody>{shown.map((line) => <Line key={`${line.receipt.n}`} line={line} />)}</tbody>
        </table>
      </div>
    </>
  )
}

function Line(props: { line: ReceiptLine }) {
  const { receipt, body } = props.line
  const attended = receipt.attended ?? body?.attended
  const tone = receipt.ev === 'deny' ? 'bad' : receipt.ev === 'open' && attended === false ? 'warn' : undefined
  return (
    <tr>
      <td class="muted">{receipt.n}</td>
      <td class="muted nowrap">{day(receipt.at)}</td>
      <td>
        <span class="row tight"><Tag {...(tone ? { tone } : {})}>{TITLES[receipt.ev]}{receipt.count ? ` ${receipt.count} times` : ''}</Tag>{receipt.attended !== undefined && <span class="small muted">{receipt.attended ? 'the user allowed it' : 'unattended'}</span>}</span>
        {body?.outcome && <span class="small muted"> {asSentence(body.outcome.text)}</span>}
      </td>
      <td>{body ? body.name : <span class="muted">sealed</span>}</td>
      <td class="muted small">{body ? SCOPES.filter(({ scope }) => body.scopes.includes(scope)).map(({ scope, title }) => [title, boundsWords(body.bounds, scope)].filter(Boolean).join(' ')).join(', ') : '—'}</td>
      <td>{body ? <>{body.why} {body.ticket && <Tag>{body.ticket}</Tag>}</> : '—'}</td>
    </tr>
  )
}
