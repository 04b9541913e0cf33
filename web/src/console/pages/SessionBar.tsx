// The bar of a session: where one is, how long it may last, and what else can be done beside the picture.
import { useEffect } from 'preact/hooks'
import { Button, Menu, Tag } from '../../ui/parts'
import { Icon } from '../../ui/icons'
import { left, useNow } from '../../ui/time'
import { toast } from '../../ui/toast'
import { COMBINATIONS, combinationLabel, combinationMessages } from '../../viewer/combinations'
import { paste } from '../clipboard'
import type { Remote } from '../remote'
import { WarrantFacts, type WarrantView } from '../WarrantFacts'
import { toggleFullscreen, useFullscreen } from './fullscreen'

const WARN_MS = 5 * 60_000
const LAST_MS = 60_000

export type Panel = 'files' | 'shell' | null

interface Props {
  remote: Remote | null
  warrant: WarrantView | null
  panel: Panel
  fit: boolean
  over: boolean
  onPanel: (panel: Panel) => void
  onFit: (fit: boolean) => void
  // Gives the keyboard back to the workstation.
  onBack: () => void
  onLeave: () => void
}

export function SessionBar(props: Props) {
  const { remote, warrant } = props
  const stage = remote?.stage.value.stage
  return (
    <header class={`session-bar ${useFullscreen() ? 'full' : ''}`}>
      <h1>{warrant?.device ?? 'Session'}</h1>
      {remote && stage === 'open' && <Status remote={remote} warrant={warrant} onBack={props.onBack} />}
      <span class="grow" />
      {remote && stage === 'open' && <Tools {...props} remote={remote} />}
      <Button tone="danger" onClick={props.onLeave}>{props.over ? 'Back' : 'End'}</Button>
    </header>
  )
}

function Status(props: { remote: Remote; warrant: WarrantView | null; onBack: () => void }) {
  const { remote, warrant } = props
  const opened = remote.opened.value
  const latency = remote.latency.value
  if (!opened) return null
  return (
    <>
      <Tag tone="good" dot>{opened.scopes.includes('control') ? 'in control' : 'viewing'}</Tag>
      {warrant && <Menu name="The warrant of this session" label={<TimeLeft until={opened.until} />} onClose={props.onBack}>
        <WarrantFacts warrant={{ ...warrant, scopes: opened.scopes, bounds: opened.bounds, until: opened.until }} />
      </Menu>}
      {latency !== null && <span class="muted small latency"><span class="visually-hidden">To the workstation and back: </span>{latency < 10 ? latency.toFixed(1) : Math.round(latency)} ms</span>}
    </>
  )
}

// Counts down, and says it aloud before the workstation ends the session.
function TimeLeft(props: { until: number }) {
  const rest = props.until - useNow()
  const isLate = rest <= WARN_MS
  useEffect(() => {
    if (isLate) toast(`The warrant ends in ${left(props.until - Date.now())}: then the workstation closes the session. Connect again for more time.`, 'warn')
  }, [isLate])
  return <span class={`left ${rest <= LAST_MS ? 'bad' : isLate ? 'warn' : ''}`}>{left(rest)} left</span>
}

function Tools(props: Props & { remote: Remote }) {
  const { remote, panel, fit } = props
  const scopes = remote.opened.value?.scopes ?? []
  const hasPicture = scopes.includes('view') && remote.opened.value?.display.state === 'ready'
  const toggle = (which: Panel) => props.onPanel(panel === which ? null : which)
  const full = useFullscreen()
  return (
    <>
      {(scopes.includes('files_read') || scopes.includes('files_write')) && <Button aria-pressed={panel === 'files'} onClick={() => toggle('files')}><Icon name="folder" />Files</Button>}
      {scopes.includes('shell') && <Button aria-pressed={panel === 'shell'} onClick={() => toggle('shell')}><Icon name="shell" />Shell</Button>}
      <span class="rule" aria-hidden="true" />
      {hasPicture && scopes.includes('control') && <Keys remote={remote} onBack={props.onBack} />}
      {scopes.includes('clipboard_write') && <Button onClick={() => void paste(remote).then(props.onBack)}><Icon name="paste" />Paste</Button>}
      {hasPicture && <>
        <Button aria-label={fit ? 'Show every pixel' : 'Fit the picture to the window'} onClick={() => { props.onFit(!fit); props.onBack() }}>{fit ? '1:1' : 'Fit'}</Button>
        <Button aria-pressed={full} aria-label="Full screen" onClick={() => void toggleFullscreen().then(props.onBack)}><Icon name="full" /></Button>
      </>}
    </>
  )
}

// What the browser or the technician's own desktop would keep for itself.
function Keys(props: { remote: Remote; onBack: () => void }) {
  const press = (keys: readonly string[], event: Event) => {
    for (const message of combinationMessages(keys)) props.remote.send({ kind: 'input', message })
    ;(event.currentTarget as HTMLElement).closest<HTMLElement>('[popover]')?.hidePopover()
    props.onBack()
  }
  return (
    <Menu name="Keys" label={<><Icon name="keys" />Keys</>} onClose={props.onBack}>
      <div class="combinations">
        {COMBINATIONS.map((keys) => <Button tone="quiet" key={keys.join()} onClick={(event) => press(keys, event)}>{combinationLabel(keys)}</Button>)}
      </div>
      <p class="small muted">In full screen most of these go to the workstation by themselves. <kbd>Ctrl</kbd> <kbd>Alt</kbd> <kbd>Home</kbd> brings the keyboard back to this bar.</p>
    </Menu>
  )
}
