// What the connect dialog proposes: never more than one policy allows, and what was chosen last on such a device.
import type { DeviceView, PolicyView, Scope } from './model'

export interface Wish {
  scopes: Scope[]
  minutes: number
  attended: boolean
}

const REMEMBERED = 'wayleave.wishes'
const MINUTES = 60

// The policies that join a technician of these groups with the device.
export function fitting(policies: readonly PolicyView[], groups: readonly string[], device: Pick<DeviceView, 'groups'>): PolicyView[] {
  return policies.filter((p) => p.standing === 'in_force' && groups.includes(p.technicians) && device.groups.includes(p.devices))
}

export function suggest(fit: readonly PolicyView[], last: Wish | undefined): Wish {
  if (last && fit.some((policy) => covers(policy, last))) return last
  const best = [...fit].sort((a, b) => a.approvals - b.approvals || b.scopes.length - a.scopes.length || b.maxSeconds - a.maxSeconds)[0]
  if (!best) return { scopes: ['view'], minutes: MINUTES, attended: true }
  const kept = best.scopes.filter((scope) => last?.scopes.includes(scope))
  return {
    scopes: kept.length > 0 ? kept : [...best.scopes],
    minutes: Math.min(last?.minutes ?? MINUTES, longest([best])),
    attended: !best.unattended || (last?.attended ?? false),
  }
}

// Minutes of the longest session that one of the policies allows.
export function longest(fit: readonly PolicyView[]): number {
  return Math.max(1, ...fit.map((policy) => Math.floor(policy.maxSeconds / 60)))
}

function covers(policy: PolicyView, wish: Wish): boolean {
  return wish.scopes.length > 0 && wish.scopes.every((scope) => policy.scopes.includes(scope)) &&
    wish.minutes * 60 <= policy.maxSeconds && (wish.attended || policy.unattended)
}

// Devices of the same groups are of one kind; one without a screen is another kind.
export function kindOf(org: string, device: DeviceView): string {
  return [org.slice(0, 8), ...[...device.groups].sort(), ...(device.presence?.display?.state === 'none' ? ['no screen'] : [])].join(' ')
}

export function recall(kind: string): Wish | undefined {
  const wish = all()[kind]
  return Array.isArray(wish?.scopes) && typeof wish.minutes === 'number' && typeof wish.attended === 'boolean' ? wish : undefined
}

export function remember(kind: string, { scopes, minutes, attended }: Wish): void {
  localStorage.setItem(REMEMBERED, JSON.stringify({ ...all(), [kind]: { scopes, minutes, attended } }))
}

function all(): Record<string, Wish> {
  try {
    return JSON.parse(localStorage.getItem(REMEMBERED) ?? '{}') as Record<string, Wish>
  } catch {
    return {}
  }
}
