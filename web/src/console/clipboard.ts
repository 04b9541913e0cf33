// The two clipboards of a session. A browser gives and takes the technician's own only as it pleases, so the page says what
// really happened.
import { toast } from '../ui/toast'
import type { Remote } from './remote'

// The technician's text to the workstation.
export async function paste(remote: Remote): Promise<void> {
  try {
    const text = await navigator.clipboard.readText()
    if (text === '') return toast('Your clipboard holds no text.')
    remote.send({ kind: 'clipboard', text })
    return toast('The workstation’s clipboard has your text: paste it there', 'good')
  } catch {
    return toast('The browser does not let this page read the clipboard. Allow it beside the address, then try again.', 'bad')
  }
}

// What was copied on the workstation to the technician.
export async function takeCopied(text: string): Promise<void> {
  if (text === '') return
  const what = `${text.length} ${text.length === 1 ? 'character' : 'characters'} copied on the workstation`
  try {
    await navigator.clipboard.writeText(text)
    toast(`${what}: they are on your clipboard`, 'good')
  } catch {
    toast(`${what}. They are not on your clipboard yet.`, 'plain', {
      label: 'Copy here',
      act: () => void navigator.clipboard.writeText(text).then(() => toast('Copied', 'good'), () => toast('The browser does not let this page write the clipboard.', 'bad')),
    })
  }
}
