// What the pages show: plain values, made from the ledger that this browser folded and from the service's hints.
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
  standing: Standing
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
