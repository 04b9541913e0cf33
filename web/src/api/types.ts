// What the service answers: the shapes of `crates/api`, as the console uses them.
export interface ServerInfo {
  name: string
  public_url: string
  version: string
  log_key: KeyJson
  open: boolean
  witnesses: WitnessJson[]
}

export interface KeyJson {
  kind: 'ed25519' | 'webauthn-es256' | 'webauthn-ed25519'
  public: string
  rp?: string
  origins?: string[]
}

export interface WitnessJson {
  name: string
  key: KeyJson
  holds_revocations: boolean
  url?: string
}

export interface LedgerPage {
  size: number
  leaves: string[]
  checkpoint: string
  pending: string[]
}

export interface Appended {
  index: number
  size: number
  checkpoint: string
}

export interface DeviceState {
  keyid: string
  online: boolean
  since?: number
  last_seen?: number
  /** Its newest beat, an envelope. */
  beat?: string
  display?: { state: 'ready' | 'none'; why?: string }
}

export interface KeyUses {
  keys: { keyid: string; signed_in: number }[]
}

export interface WaitingDevice {
  envelope: string
  first_seen: number
  address: string
  online: boolean
}

export interface Devices {
  devices: DeviceState[]
  waiting: WaitingDevice[]
}

export type InviteState = 'open' | 'answered' | 'admitted' | 'expired'

export interface Invite {
  invite: string
  note: string
  created: number
  expires: number
  state: InviteState
  answer?: string
}

export type SessionState = 'calling' | 'paired' | 'parted' | 'ended'

export interface SessionRow {
  session: string
  by: string
  device: string
  state: SessionState
  created: number
  paired?: number
  ended?: number
  why?: string
}

export interface SignatureJson {
  keyid: string
  sig: string
  webauthn?: { ad: string; cd: string }
}

export type ApprovalAnswer = { approve: SignatureJson } | { refuse: string }

export interface ApprovalRow {
  warrant: string
  by: string
  device: string
  asked: number
  until: number
  sealed: string
  answers: { by: string; at: number; answer: ApprovalAnswer }[]
}

export interface DraftRow {
  draft: string
  by: string
  envelope: string
  created: number
  expires: number
}

export type ConsoleEvent =
  | { hello: { nonce: string } }
  | { ready: Record<string, never> }
  | { ledger: { size: number } }
  | { device: DeviceState }
  | { waiting: WaitingDevice }
  | { waiting_gone: { keyid: string } }
  | { session: { session: string; state: SessionState; why?: string } }
  | { invites: Record<string, never> }
  | { approvals: Record<string, never> }
  | { drafts: Record<string, never> }
  | { error: { code: string; text: string } }
