// A session: the workstation's screen, with files and shell beside it.
import { useEffect, useRef, useState } from 'preact/hooks'
import { ServiceError } from '../../api/request'
import { sentence } from '../../ui/toast'
import type { Account } from '../account'
import { takeCopied } from '../clipboard'
import { ConnectDialog } from '../ConnectDialog'
import { Remote } from '../remote'
import { go } from '../router'
import type { WarrantView } from '../WarrantFacts'
import { FilesPanel } from './FilesPanel'
import { leaveFullscreen } from './fullscreen'
import { Screen } from './Screen'
import { type Panel, SessionBar } from './SessionBar'
import { ShellPanel } from './ShellPanel'

export function SessionPage(props: { account: Account; warrant: string }) {
  const { account } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  const keyboard = useRef<HTMLTextAreaElement>(null)
  const { remote, warrant, keyid, trouble } = useSession(account, props.warrant, canvas)
  const [panel, setPanel] = useState<Panel>(null)
  const [fit, setFit] = useState(true)
  const [again, setAgain] = useState(false)
  const back = () => keyboard.current?.focus({ preventScroll: true })
  const show = (next: Panel) => {
    setPanel(next)
    if (!next) back()
  }
  const leave = () => {
    remote?.bye()
    void leaveFullscreen()
    go('/devices')
  }
  const stage = remote?.stage.value.stage
  const open = stage === 'open' && !trouble
  const device = account.devices.value.find((d) => d.keyid === keyid)
  return (
    <div class="session">
      <SessionBar remote={remote} warrant={warrant} panel={panel} fit={fit} over={stage === 'over' || trouble !== ''} onPanel={show} onFit={setFit} onBack={back} onLeave={leave} />
      <main class="session-body">
        <Screen canvas={canvas} keyboard={keyboard} remote={remote} fit={fit} trouble={trouble} onAgain={device && !account.locked.value ? () => setAgain(true) : undefined} />
        {remote && open && panel === 'files' && <FilesPanel remote={remote} onClose={() => show(null)} />}
        {remote && open && panel === 'shell' && <ShellPanel remote={remote} onClose={() => show(null)} />}
      </main>
      {again && device && <ConnectDialog account={account} device={device} onClose={() => setAgain(false)} />}
    </div>
  )
}

// Rings the device with the warrant, and again with the same one whenever the connection is lost.
function useSession(account: Account, id: string, canvas: { current: HTMLCanvasElement | null }) {
  const [remote, setRemote] = useState<Remote | null>(null)
  const [begun, setBegun] = useState<{ warrant: WarrantView; keyid: string } | null>(null)
  const [trouble, setTrouble] = useState('')
  useEffect(() => {
    const element = canvas.current
    if (!element) return undefined
    const fresh = Remote.take()
    setRemote(fresh)
    const fail = (error: unknown) => setTrouble(sentence(error))
    const ring = async (first: boolean): Promise<void> => {
      const { start, warrant } = await account.startSession(id)
      setBegun({ warrant, keyid: start.device.keyid })
      document.title = `${warrant.device} · Wayleave`
      fresh.start(start, first ? element.transferControlToOffscreen() : undefined)
    }
    fresh.onRevocations = (envelopes) => account.takeRevocations(envelopes)
    fresh.onClipboard = (text) => void takeCopied(text)
    fresh.onOpened = () => account.sessionOpened(id)
    fresh.onAgain = () => void insist(() => ring(false)).catch(fail)
    ring(true).catch(fail)
    return () => fresh.close()
  }, [])
  return { remote, warrant: begun?.warrant ?? null, keyid: begun?.keyid, trouble }
}

// A network that went away comes back after a while, or the technician ends it. What the service refuses stays refused.
async function insist(ring: () => Promise<void>): Promise<void> {
  for (let wait = 500; ; wait *= 2) {
    try {
      return await ring()
    } catch (error) {
      if (wait > 16_000 || !(error instanceof ServiceError) || error.status === 401 || error.status === 403) throw error
      await new Promise((next) => setTimeout(next, wait * (0.5 + Math.random())))
    }
  }
}
