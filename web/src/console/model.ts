// What the pages show: plain values, made from the ledger that this browser folded and from the service's hints.
import type { Hours, Approvals, Foreseen } from '../trust'
import type { WarrantView } from './WarrantFacts'
import type { DeviceState, InviteState, KeyJson, SessionState } from '../api/types'

export type Scope = 'view' | 'control' | 'clipboard_read' | 'clipboard_write' | 'files_read' | 'files_write' | 'shell'

// `means` is what a warrant says beside the title, where the title alone says too little.
export const SCOPES: { scope: Scope; title: string; says: string; means?: string }[] = [
  { scope: 'view', title: 'View', says: 'See the screen' },
  { scope: 'control', title: 'Control', says: 'Keyboard and mouse: everything the user can do on this screen', means: 'everything the user can do on this screen' },
  { scope: 'files_read', title: 'Fetch files', says: 'List and fetch the user’s files' },
  { scope: 'files_write', title: 'Put files', says: 'Put files on the workstation' },
  { scope: 'shell', title: 'Shell', says: 'Run commands' },
  { scope: 'clipboard_read', title: 'Read clipboard', says: 'Read what the user copied' },
  { scope: 'clipboard_write', title: 'Set clipboard', says: 'Put text in the user’s clipboard' },
]

export type Standing = 'in_force' | 'expired' | 'revoked' | 'tainted'

export interface DeviceView {
  keyid: string
  // From the sealed label in the ledger; the key's beginning where it cannot be opened.
  name: string
  words: string
  groups: string[]
  until: number
  standing: Standing
  presence: DeviceState | undefined
}

export interface WaitingView {
  keyid: string
  envelope: string
  hostname: string
  words: string
  address: string
  firstSeen: number
  online: boolean
}

export interface PersonView {
  keyid: string
  role: 'admin' | 'technician' | 'enroller' | 'stopper'
  name: string
  person: string
  groups: string[]
  until: number | undefined
  standing: Standing
  held: KeyJson['kind'] | 'native'
  me: boolean
}

export interface InviteView {
  invite: string
  note: string
  expires: number
  state: InviteState
  // Of an answer that verified: the name its author gave and the words both sides compare.
  answer: { name: string; words: string; envelope: string; held: string } | undefined
}

export interface PolicyView {
  id: string
  name: string
  technicians: string
  devices: string
  approvers: string | undefined
  scopes: Scope[]
  maxSeconds: number
  unattended: boolean
  approvals: number
  devicesPerHour: number | undefined
  hours: Hours | undefined
  openingsPerHour: number | undefined
  attendedWhenStale: boolean
  readUnder: string[]
  writeUnder: string[]
  shellAs: string[]
  ticketRequired: boolean
  standing: Standing
}

// A request for approval as this browser opened and judged it: nothing here is the service's word but `asked`.
export interface ApprovalView {
  id: string
  by: string
  device: string
  asked: number
  until: number
  // What the sealed warrant says, where it could be read and holds.
  warrant: WarrantView | undefined
  // What my signature would do; none where it would not count.
  foreseen: Foreseen | undefined
  // Why it cannot be approved now.
  trouble: string
  answered: boolean
}

// What became of a warrant that I asked approval for.
export interface AskedView {
  id: string
  device: string
  deviceName: string
  until: number
  approved: string[]
  refused: { who: string; why: string }[]
  lacks: Approvals | undefined
  // Nothing is lacking: the device would open.
  ready: boolean
  trouble: string
}

// A statement that lacks signatures, in words.
export interface DraftView {
  id: string
  by: string
  title: string
  lines: [string, string][]
  signed: string[]
  need: number
  expires: number
  // Whether this key has signed it.
  mine: boolean
  // It has all it needs and only has to be handed over.
  complete: boolean
  // Why it will never count, and whether it can be said anew.
  dead: string
  again: boolean
}

export interface SessionView {
  session: string
  by: string
  device: string
  state: SessionState
  created: number
  ended: number | undefined
  why: string | undefined
}

// Text search over what a person would type: every word must appear somewhere.
export function matches(query: string, ...texts: string[]): boolean {
  const all = texts.join(' ').toLowerCase()
  return query.toLowerCase().split(/\s+/).every((word) => all.includes(word))
}
