// The few shared components: native elements with the right roles, nothing more.
import { cloneElement, type ComponentChildren, type ComponentProps, type VNode } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'

export type Tone = 'plain' | 'good' | 'warn' | 'bad'

export function Button(props: ComponentProps<'button'> & { tone?: 'primary' | 'danger' | 'quiet'; busy?: boolean }) {
  const { tone, busy, children, class: extra, ...rest } = props
  return (
    <button type="button" {...rest} disabled={rest.disabled || busy} class={`button ${tone ?? ''} ${extra ?? ''}`}>
      {busy && <span class="spinner" aria-hidden="true" />}
      {children}
    </button>
  )
}

// A named control. The hint describes it and is not part of its name.
export function Field(props: { label: string; hint?: string; children: VNode }) {
  const id = useId()
  const described = props.hint ? { 'aria-describedby': `${id}-hint` } : {}
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      {cloneElement(props.children, { id, ...described })}
      {props.hint && <small id={`${id}-hint`}>{props.hint}</small>}
    </div>
  )
}

export function Note(props: { tone?: Tone; children: ComponentChildren; live?: boolean }) {
  const role = props.tone === 'bad' ? 'alert' : props.live ? 'status' : undefined
  return (
    <div class={`note ${props.tone ?? ''}`} role={role}>
      {props.children}
    </div>
  )
}

export function Tag(props: { tone?: Tone; dot?: boolean; children: ComponentChildren }) {
  return (
    <span class={`tag ${props.tone ?? ''}`}>
      {props.dot && <span class="dot" aria-hidden="true" />}
      {props.children}
    </span>
  )
}

export function Empty(props: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <strong>{props.title}</strong>
      {props.children}
    </div>
  )
}

export function Loading(props: { what: string }) {
  return (
    <div class="empty" role="status">
      <span class="spinner" aria-hidden="true" />
      <span>{props.what}</span>
    </div>
  )
}

// A native modal dialog: focus is kept inside, Escape closes, focus returns.
export function Dialog(props: { title: string; wide?: boolean; onClose: () => void; children: ComponentChildren; foot?: ComponentChildren; onSubmit?: () => void }) {
  const ref = useRef<HTMLDialogElement>(null)
  const title = useId()
  useEffect(() => {
    const dialog = ref.current
    if (dialog && !dialog.open) dialog.showModal()
    return () => dialog?.close()
  }, [])
  const submit = (event: Event) => {
    event.preventDefault()
    props.onSubmit?.()
  }
  return (
    <dialog class={`dialog ${props.wide ? 'wide' : ''}`} ref={ref} aria-labelledby={title} onCancel={(event) => { event.preventDefault(); props.onClose() }}>
      <form method="dialog" onSubmit={submit}>
        <div class="dialog-body">
          <h1 id={title}>{props.title}</h1>
          {props.children}
        </div>
        {props.foot && <div class="dialog-foot">{props.foot}</div>}
      </form>
    </dialog>
  )
}

// A button and what it opens below itself. The browser closes it on Escape and on a press elsewhere.
export function Menu(props: { label: ComponentChildren; name: string; class?: string; children: ComponentChildren; onClose?: () => void }) {
  const id = useId()
  const button = useRef<HTMLSpanElement>(null)
  const panel = useRef<HTMLDivElement>(null)
  const place = () => {
    const box = button.current?.getBoundingClientRect()
    if (!box || !panel.current) return
    panel.current.style.top = `${box.bottom + 6}px`
    panel.current.style.left = `${Math.max(8, Math.min(box.left, innerWidth - panel.current.offsetWidth - 8))}px`
  }
  return (
    <span ref={button}>
      <Button class={props.class} popovertarget={id} aria-label={props.name} aria-haspopup="dialog">{props.label}</Button>
      <div class="menu" id={id} ref={panel} popover="auto" role="dialog" aria-label={props.name} onToggle={(event) => (event.newState === 'open' ? place() : props.onClose?.())}>{props.children}</div>
    </span>
  )
}

export function Words(props: { words: string }) {
  return <span class="words">{props.words}</span>
}

export function Page(props: { title: string; lead?: ComponentChildren; actions?: ComponentChildren; children: ComponentChildren }) {
  return (
    <div class="page">
      <div class="page-head">
        <div>
          <h1>{props.title}</h1>
          {props.lead && <p class="muted">{props.lead}</p>}
        </div>
        {props.actions && <div class="row">{props.actions}</div>}
      </div>
      {props.children}
    </div>
  )
}
