// A terminal on the workstation.
import '@xterm/xterm/css/xterm.css'
import { useEffect, useRef } from 'preact/hooks'
import { Button } from '../../ui/parts'
import type { Remote } from '../remote'

export function ShellPanel(props: { remote: Remote; onClose: () => void }) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    let stop = () => undefined as void
    let gone = false
    void openTerminal(place.current as HTMLDivElement, props.remote).then((close) => {
      if (gone) close()
      stop = close
    })
    return () => {
      gone = true
      stop()
    }
  }, [])
  return (
    <aside class="panel wide" aria-label="Shell">
      <div class="panel-head"><h2>Shell</h2><Button tone="quiet" aria-label="Close the shell" onClick={props.onClose}>×</Button></div>
      <div class="terminal" ref={place} />
    </aside>
  )
}

// The terminal is the largest part of the console: it is loaded when the first shell opens.
async function openTerminal(place: HTMLDivElement, remote: Remote): Promise<() => void> {
  const [{ Terminal }, { FitAddon }] = await Promise.all([import('@xterm/xterm'), import('@xterm/addon-fit')])
  const terminal = new Terminal({ fontFamily: 'ui-monospace, "DejaVu Sans Mono", monospace', fontSize: 13, scrollback: 10_000, theme: { background: '#0c1014' }, screenReaderMode: false })
  const fit = new FitAddon()
  terminal.loadAddon(fit)
  terminal.open(place)
  fit.fit()
  const shell = remote.shell(
    { cols: terminal.cols, rows: terminal.rows },
    (data) => new Promise((taken) => terminal.write(data, taken)),
    (text) => terminal.write(`\r\n\x1b[33m${text}\x1b[0m\r\n`),
  )
  const encoder = new TextEncoder()
  terminal.onData((text) => shell.write(encoder.encode(text)))
  terminal.onBinary((text) => shell.write(Uint8Array.from(text, (c) => c.charCodeAt(0))))
  terminal.onResize(({ cols, rows }) => shell.resize(cols, rows))
  const observer = new ResizeObserver(() => fit.fit())
  observer.observe(place)
  terminal.focus()
  return () => {
    observer.disconnect()
    shell.close()
    terminal.dispose()
  }
}
