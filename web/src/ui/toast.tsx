// Short messages that come and go; errors stay until they are dismissed.
import { signal } from '@preact/signals'
import { Button, Note, type Tone } from './parts'

interface Toast {
  id: number
  tone: Tone
  text: string
}

const toasts = signal<Toast[]>([])
let last = 0

export function toast(text: string, tone: Tone = 'plain'): void {
  const id = ++last
  toasts.value = [...toasts.value.slice(-3), { id, tone, text }]
  if (tone !== 'bad') setTimeout(() => dismiss(id), 5000)
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
          <div class="row between">
            <span class="grow">{t.text}</span>
            <Button tone="quiet" aria-label="Dismiss" onClick={() => dismiss(t.id)}>×</Button>
          </div>
        </Note>
      ))}
    </div>
  )
}
