// Short messages that come and go; errors stay until they are dismissed.
import { signal } from '@preact/signals'
import { Button, Note, type Tone } from './parts'

interface Toast {
  id: number
  tone: Tone
  text: string
  action: Action | undefined
}

// What can be done about it, for example where the browser wants a press before it does it.
interface Action {
  label: string
  act(): void
}

const toasts = signal<Toast[]>([])
let last = 0

const SHOWN_MS = 5000
const SHOWN_LONGER_MS = 15_000

export function toast(text: string, tone: Tone = 'plain', action?: Action): void {
  const id = ++last
  toasts.value = [...toasts.value.slice(-3), { id, tone, text, action }]
  if (tone !== 'bad') setTimeout(() => dismiss(id), action || tone === 'warn' ? SHOWN_LONGER_MS : SHOWN_MS)
}

export function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((t) => t.id !== id)
}

export function Toasts() {
  return (
    <div class="toasts" aria-live="polite">
      {toasts.value.map((t) => (
        <Note key={t.id} tone={t.tone}>
          <div class="row tight">
            <span class="grow">{t.text}</span>
            {t.action && <Button onClick={() => { t.action?.act(); dismiss(t.id) }}>{t.action.label}</Button>}
            <Button tone="quiet" aria-label="Dismiss" onClick={() => dismiss(t.id)}>×</Button>
          </div>
        </Note>
      ))}
    </div>
  )
}
