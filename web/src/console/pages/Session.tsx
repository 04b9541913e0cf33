// The remote screen, with files and shell beside it.
import { useEffect, useRef, useState } from 'preact/hooks'
import { Button, Note, Tag } from '../../ui/parts'
import { sentence, toast } from '../../ui/toast'
import { clock } from '../../ui/time'
import { bindKeyboard } from '../../viewer/keyboard'
import { bindPointer } from '../../viewer/pointer'
import type { Account } from '../account'
import { Remote } from '../remote'
import { go } from '../router'
import { FilesPanel } from './FilesPanel'
import { ShellPanel } from './ShellPanel'

type Panel = 'files' | 'shell' | null

export function SessionPage(props: { account: Account; warrant: string }) {
  const { account } = props
  const remote = useRef<Remote | null>(null)
  const canvas = useRef<HTMLCanvasElement>(null)
  const [device, setDevice] = useState('')
  const [panel, setPanel] = useState<Panel>(null)
  const [fit, setFit] = useState(true)
  const [ready, setReady] = useState<Remote | null>(null)
  const [trouble, setTrouble] = useState('')

  useEffect(() => {
    const element = canvas.current
    if (!element || remote.current) return undefined
    const fresh = new Remote()
    remote.current = fresh
    setReady(fresh)
    const ring = async (first: boolean): Promise<void> => {
      const { start, deviceName } = await account.startSession(props.warrant)
      setDevice(deviceName)
      document.title = `${deviceName} · Wayleave`
      fresh.start(start, first ? element.transferControlToOffscreen() : undefined)
    }
    fresh.onRevocations = (envelopes) => account.takeRevocations(envelopes)
    fresh.onAgain = () => void insist(() => ring(false)).catch((error: unknown) => setTrouble(sentence(error)))
    ring(true).catch((error: unknown) => setTrouble(sentence(error)))
    return () => fresh.close()
  }, [])

  const leave = () => {
    ready?.bye()
    go('/devices')
  }
  const toggle = (which: Panel) => setPanel(panel === which ? null : which)
  const scopes = ready?.opened.value?.scopes ?? []
  const open = ready?.stage.value.stage === 'open'
  return (
    <div class="session">
      <header class="session-bar">
        <h1>{device || 'Session'}</h1>
        {ready && <Status remote={ready} />}
        <span class="grow" />
        {open && <>
          {(scopes.includes('files_read') || scopes.includes('files_write')) && <Button aria-pressed={panel === 'files'} onClick={() => toggle('files')}>Files</Button>}
          {scopes.includes('shell') && <Button aria-pressed={panel === 'shell'} onClick={() => toggle('shell')}>Shell</Button>}
          <Button aria-pressed={fit} onClick={() => setFit(!fit)} title="Fit the picture to the window, or show every pixel">{fit ? '1:1' : 'Fit'}</Button>
          {ready && scopes.includes('clipboard_write') && <Button onClick={() => void paste(ready)}>Paste</Button>}
        </>}
        <Button tone="danger" onClick={leave}>{ready?.stage.value.stage === 'over' ? 'Back' : 'End'}</Button>
      </header>
      <main class="session-body">
        <Screen canvas={canvas} remote={ready} fit={fit} trouble={trouble} />
        {ready && open && panel === 'files' && <FilesPanel remote={ready} onClose={() => setPanel(null)} />}
        {ready && open && panel === 'shell' && <ShellPanel remote={ready} onClose={() => setPanel(null)} />}
      </main>
    </div>
  )
}

function Status(props: { remote: Remote }) {
  const opened = props.remote.opened.value
  const latency = props.remote.latency.value
  if (props.remote.stage.value.stage !== 'open' || !opened) return null
  return (
    <>
      <Tag tone="good" dot>{opened.scopes.includes('control') ? 'in control' : 'viewing'}</Tag>
      <span class="muted small">until {clock(opened.until)}</span>
      {latency !== null && <span class="muted small latency" title="Round trip to the workstation and back">{latency < 10 ? latency.toFixed(1) : Math.round(latency)} ms</span>}
    </>
  )
}

function Screen(props: { canvas: { current: HTMLCanvasElement | null }; remote: Remote | null; fit: boolean; trouble: string }) {
  const { remote } = props
  const keyboard = useRef<HTMLTextAreaElement>(null)
  const opened = remote?.opened.value
  const display = remote?.display.value
  useEffect(() => {
    if (!remote || !opened?.scopes.includes('control') || !keyboard.current || !props.canvas.current) return undefined
    const send = (message: Uint8Array<ArrayBuffer>) => remote.send({ kind: 'input', message })
    const unbind = [
      bindKeyboard(keyboard.current, send),
      bindPointer(props.canvas.current, () => remote.display.value ?? { width: 1, height: 1 }, send),
    ]
    keyboard.current.focus()
    return () => { for (const stop of unbind) stop() }
  }, [remote, opened])
  const style = { cursor: remote?.cursor.value ?? 'default', ...(display && !props.fit ? { width: `${display.width / devicePixelRatio}px`, height: `${display.height / devicePixelRatio}px` } : {}) }
  return (
    <div class={`screen ${props.fit ? 'fit' : ''}`} onPointerDown={() => keyboard.current?.focus({ preventScroll: true })}>
      <canvas ref={props.canvas} onMouseDown={(event) => event.preventDefault() /* keeps the focus on the keyboard */} width={1} height={1} style={style} role="img" aria-label="The workstation’s screen" />
      <textarea ref={keyboard} class="keyboard" aria-label="Keys go to the workstation" autocomplete="off" spellcheck={false} />
      <Over remote={remote} trouble={props.trouble} />
    </div>
  )
}

// What stands between the technician and the picture, in words.
function Over(props: { remote: Remote | null; trouble: string }) {
  const stage = props.remote?.stage.value ?? { stage: 'calling' as const, text: '' }
  if (props.trouble) return <div class="screen-over"><Note tone="bad">{props.trouble}</Note></div>
  if (stage.stage === 'over') return <div class="screen-over"><div class="card stack"><h2>The session is over</h2><p>{stage.text}</p><Button tone="primary" onClick={() => go('/devices')}>Back to the devices</Button></div></div>
  if (stage.stage === 'open') {
    const display = props.remote?.opened.value?.display
    if (display?.state === 'none') return <div class="screen-over"><Note tone="warn"><strong>There is no picture.</strong> {display.why} Files and shell work as the warrant allows.</Note></div>
    if (!props.remote?.opened.value?.scopes.includes('view')) return <div class="screen-over"><Note>The warrant does not allow to see the screen.</Note></div>
    return null
  }
  const texts = { calling: 'Calling the workstation', securing: 'Securing the channel', judging: 'The workstation judges the warrant', asking: 'The person at the workstation is being asked' }
  return <div class="screen-over"><p class="row" role="status"><span class="spinner" aria-hidden="true" />{stage.text || texts[stage.stage]}{stage.until ? `, until ${clock(stage.until)}` : ''}…</p></div>
}

// A network that went away comes back after a while, or the technician ends it.
async function insist(ring: () => Promise<void>): Promise<void> {
  for (let wait = 500; ; wait *= 2) {
    try {
      return await ring()
    } catch (error) {
      if (wait > 16_000) throw error
      await new Promise((next) => setTimeout(next, wait * (0.5 + Math.random())))
    }
  }
}

async function paste(remote: Remote): Promise<void> {
  try {
    const text = await navigator.clipboard.readText()
    remote.send({ kind: 'clipboard', text })
    toast('The workstation’s clipboard has your text: paste it there', 'good')
  } catch {
    toast('The browser does not let this page read the clipboard. Allow it beside the address, then try again.', 'bad')
  }
}
