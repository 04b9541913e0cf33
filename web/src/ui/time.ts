// Times as people read them.
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000], ['second', 1000]]

export function ago(ms: number, now = Date.now()): string {
  for (const [unit, size] of STEPS) {
    if (Math.abs(now - ms) >= size) return relative.format(-Math.round((now - ms) / size), unit)
  }
  return 'just now'
}

export function clock(ms: number): string {
  return new Date(ms).toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit' })
}

export function day(ms: number): string {
  return new Date(ms).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
}
