// The organisation's keys as the pages show them: from the folded ledger, with the names that it seals.
import type { DeviceState } from '../api/types'
import { type Effect, Envelope, type Listed, type Office, type State, Survey, expiryWarning, keysOf, verifyBeat } from '../trust'
import { adminName, type Names } from './views'

// When a key was last used, and whose word that is: the device’s signature, or the service’s.
export interface LastUse {
  at: number
  word: 'device' | 'service'
}

export interface KeyView {
  listed: Listed
  name: string
  warning: number | undefined
}

export const OFFICE_NAMES: Record<Office, string> = {
  admin: 'admin', recovery: 'recovery key', technician: 'technician', device: 'device', enroller: 'enroller', stopper: 'stopper',
  witness: 'witness', log: 'log key', audit: 'audit key', directory: 'directory key',
}

export function keyViews(state: State, names: Names, now: number): KeyView[] {
  return keysOf(state, now).map((listed) => ({ listed, name: nameOf(state, listed, names), warning: expiryWarning(listed, now) }))
}

function nameOf(state: State, { office, keyid, witness }: Listed, names: Names): string {
  const admin = office === 'admin' && state.roster.admins.find((a) => a.key.id === keyid)
  if (admin) return adminName(state, names, admin)
  if (office === 'recovery') return 'Recovery key'
  if (witness !== undefined) return witness
  if (office === 'log') return 'The service'
  if (office === 'audit' || office === 'directory') return 'The organisation'
  return keyid === undefined ? '' : names.of(keyid)
}

export function effectsOf(state: State, listed: Listed, now: number): Effect[] {
  return new Survey(state, now).without(listed)
}

// The newest beats that verify.
export async function beatTimes(state: State, devices: readonly DeviceState[]): Promise<Map<string, LastUse>> {
  const found = await Promise.all(devices.map(async ({ keyid, beat }) => {
    const device = state.entries.get(keyid as never)?.subject.key
    if (!device || beat === undefined) return undefined
    const signed = await Promise.resolve().then(() => verifyBeat(state.org, device, Envelope.parse(beat))).catch(() => undefined)
    return signed && ([keyid, { at: signed.at, word: 'device' }] as [string, LastUse])
  }))
  return new Map(found.filter((entry) => entry !== undefined))
}

// What stands above the pages about keys that expire soon: the nearest first.
export function expiring(keys: readonly KeyView[]): { days: number; names: string[] }[] {
  const days = [...new Set(keys.flatMap((key) => key.warning ?? []))].sort((a, b) => a - b)
  return days.map((within) => ({ days: within, names: keys.filter((key) => key.warning === within).map((key) => key.name).sort() }))
}

// Whether a notice was put away today. The next day it is there again.
export function isPutAway(memory: Pick<Storage, 'getItem'>, org: string, now: number): boolean {
  return memory.getItem(`wayleave.expiring.${org}`) === dayOf(now)
}

export function putAway(memory: Pick<Storage, 'setItem'>, org: string, now: number): void {
  memory.setItem(`wayleave.expiring.${org}`, dayOf(now))
}

const dayOf = (now: number): string => new Date(now).toDateString()
