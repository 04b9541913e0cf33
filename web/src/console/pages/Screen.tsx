// The picture of the workstation, the keyboard and pointer on it, and in words what stands between it and the technician.
import { useEffect } from 'preact/hooks'
import { Button } from '../../ui/parts'
import { asSentence } from '../../ui/text'
import { clock } from '../../ui/time'
import { bindKeyboard } from '../../viewer/keyboard'
import { bindPointer } from '../../viewer/pointer'
import type { Remote } from '../remote'
import { go } from '../router'

interface Props {
  canvas: { current: HTMLCanvasElement | null }
  keyboard: { current: HTMLTextAreaElement | null }
  remote: Remote | null
  fit: boolean
  trouble: string
  onAgain: (() => void) | undefined
}

export function Screen(props: Props) {
  const { remote, keyboard } = props
  const opened = remote?.opened.value
  const display = remote?.display.value
  // Once the session is over, or stands still, the keyboard is the page's again.
  const live = remote?.stage.value.stage === 'open' && remote.paused.value === '' && props.trouble === ''
  useEffect(() => {
    if (!live || !remote || !opened?.scopes.includes('control') || !keyboard.current || !props.canvas.current) return undefined
    const send = (message: Uint8Array<ArrayBuffer>) => remote.send({ kind: 'input', message })
    const unbind = [
      bindKeyboard(keyboard.current, send),
      bindPointer(props.canvas.current, () => remote.display.value ?? { width: 1, height: 1 }, send),
    ]
    keyboard.current.focus()
    return () => { for (const stop of unbind) stop() }
  }, [remote, opened, live])
  const style = { cursor: remote?.cursor.value ?? 'default', ...(display && !props.fit ? { width: `${display.width / devicePixelRatio}px`, height: `${display.height / devicePixelRatio}px` } : {}) }
  return (
    <div class={`screen ${props.fit ? 'fit' : ''}`} onPointerDown={() => keyboard.current?.focus({ preventScroll: true })} onKeyDownCapture={toBar}>
      <canvas ref={props.canvas} onMouseDown={(event) => event.preventDefault() /* keeps the focus on the keyboard */} width={1} height={1} style={style} role="img" aria-label="The workstation’s screen" />
      <textarea ref={keyboard} class="keyboard" aria-label="Keys go to the workstation" aria-describedby="keyboard-back" autocomplete="off" spellcheck={false} />
      <span class="visually-hidden" id="keyboard-back">Ctrl, Alt and Home bring the keyboard back to the bar.</span>
      <Over remote={remote} trouble={props.trouble} onAgain={props.onAgain} />
    </div>
  )
}

// Every key goes to the workstation, Tab too: without this one nobody would get out by keyboard.
function toBar(event: KeyboardEvent): void {
  if (!event.ctrlKey || !event.altKey || event.key !== 'Home') return
  event.preventDefault()
  event.stopPropagation()
  document.querySelector<HTMLElement>('.session-bar button')?.focus()
}

function Over(props: { remote: Remote | null; trouble: string; onAgain: (() => void) | undefined }) {
  const stage = props.remote?.stage.value ?? { stage: 'calling' as const, text: '' }
  if (props.trouble || stage.stage === 'over') return <TheEnd text={props.trouble || stage.text} onAgain={props.onAgain} />
  if (stage.stage === 'open') {
    if (props.remote?.paused.value) return <Paused why={props.remote.paused.value} />
    const opened = props.remote?.opened.value
    if (opened?.display.state === 'none') return <NoPicture title="There is no picture" why={asSentence(opened.display.why ?? '')} />
    if (!opened?.scopes.includes('view')) return <NoPicture title="The warrant does not allow to see the screen" why="What it allows is in the bar above." />
    if (!props.remote?.painted.value) return <Wait text="Waiting for the first picture" />
    return null
  }
  const texts = { calling: 'Calling the workstation', securing: 'Securing the channel', judging: 'The workstation judges the warrant', asking: 'The person at the workstation is being asked' }
  return <Wait text={`${stage.text || texts[stage.stage]}${stage.until ? `, until ${clock(stage.until)}` : ''}`} />
}

function Wait(props: { text: string }) {
  return <div class="screen-over"><p class="row" role="status"><span class="spinner" aria-hidden="true" />{props.text}…</p></div>
}

function Paused(props: { why: string }) {
  return (
    <div class="screen-over">
      <div class="card stack" role="status">
        <h2 class="row"><span class="spinner" aria-hidden="true" />The session stands still</h2>
        <p>{props.why}</p>
        <p class="small muted">Nothing is seen or done meanwhile. It goes on by itself, or the workstation closes it.</p>
      </div>
    </div>
  )
}

function NoPicture(props: { title: string; why: string }) {
  return <div class="screen-over"><div class="card stack"><h2>{props.title}</h2><p>{props.why}</p></div></div>
}

function TheEnd(props: { text: string; onAgain: (() => void) | undefined }) {
  return (
    <div class="screen-over">
      <div class="card stack" role="status">
        <h2>The session is over</h2>
        <p>{props.text}</p>
        <div class="row">
          <Button tone="primary" onClick={() => go('/devices')}>Back to the devices</Button>
          {props.onAgain && <Button onClick={props.onAgain}>Connect again</Button>}
        </div>
      </div>
    </div>
  )
}
