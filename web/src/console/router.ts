// Which page is shown: the path is the state, so that back, forward and links work. Secrets come in the fragment, are
// read once and removed from the address at once.
import { signal } from '@preact/signals'

export const path = signal(location.pathname)

addEventListener('popstate', () => {
  path.value = location.pathname
})

export function go(to: string): void {
  if (to !== location.pathname) history.pushState(null, '', to)
  path.value = to
}

export function takeFragment(): URLSearchParams {
  const fragment = new URLSearchParams(location.hash.slice(1))
  if (location.hash) history.replaceState(null, '', location.pathname)
  return fragment
}

// A link that changes the page without loading it, and is a plain link for everything else.
export function follow(event: MouseEvent): void {
  const link = (event.target as Element).closest('a')
  if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return
  if (link.target || link.origin !== location.origin || link.hasAttribute('download')) return
  event.preventDefault()
  go(link.pathname)
}
