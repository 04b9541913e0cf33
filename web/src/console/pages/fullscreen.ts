// The whole screen for the session. Where the browser can, it then leaves keys such as Alt+Tab and Ctrl+W to the page.
import { useEffect, useState } from 'preact/hooks'
import { toast } from '../../ui/toast'

interface KeyboardLock {
  lock(): Promise<void>
  unlock(): void
}

const lock = (navigator as Navigator & { keyboard?: KeyboardLock }).keyboard

export function useFullscreen(): boolean {
  const [full, set] = useState(document.fullscreenElement !== null)
  useEffect(() => {
    const onChange = () => set(document.fullscreenElement !== null)
    document.addEventListener('fullscreenchange', onChange)
    return () => document.removeEventListener('fullscreenchange', onChange)
  }, [])
  return full
}

export async function toggleFullscreen(): Promise<void> {
  if (document.fullscreenElement) return leaveFullscreen()
  try {
    await document.documentElement.requestFullscreen({ navigationUI: 'hide' })
    await lock?.lock?.().catch(() => undefined)
  } catch {
    toast('The browser does not let this page fill the screen.', 'bad')
  }
}

export async function leaveFullscreen(): Promise<void> {
  lock?.unlock?.()
  if (document.fullscreenElement) await document.exitFullscreen()
}
