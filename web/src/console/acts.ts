// Statements this identity composes and signs. What is signed here is kept until the ledger carries it.
import {
  type Admin, composeStatement, Envelope, fromB64u, type Inert, openDirectory, type OrgId, type Policy, policyFault, PublicKey, type Roster, rosterFault, type Say, sealDirectory, sealLabel, signStatement, type State, statement as statementSchema, type StatementId, type Subject, toB64u, verifyEnrol, verifyInviteAnswer, type X25519Public,
} from '../trust'
import { signerOf } from './keys'
import type { Ledger } from './ledger'
import type { InviteView, PolicyView, WaitingView } from './model'
import { type Identity, type SignedStatement, signed } from './vault'
import { memberOf, NO_ORG } from './views'

const DAY_MS = 86_400_000

// Whether further admins' signatures are all that is lacking: one admin alone does not revoke another.
export const lacksAdmins = (why: Inert, say: Say): boolean =>
  why.code === 'too_few_admins' || (why.code === 'no_authority' && 'revoke' in say)

// What was signed: a complete statement, or one that waits for other admins.
export type Made = { statement: SignedStatement } | { draft: Envelope }

export interface NewAdmin {
  person: string
  name: string
  // As “wayleave key new” prints it: the public key, a comma, the member key.
  key: string
}

export class Acts {
  constructor(
    readonly identity: Identity,
    readonly ledger: Ledger,
  ) {}

  async admitDevices(waiting: WaitingView[], groups: string[], days: number): Promise<Say> {
    const state = this.#state()
    const subjects = await Promise.all(waiting.map(async ({ envelope, hostname }): Promise<Subject> => {
      const enrol = await verifyEnrol(Envelope.parse(envelope))
      return { key: enrol.key, noise: enrol.noise, label: await sealLabel(state.org, state.roster.directory_key, hostname) }
    }))
    return { admit: { role: 'device', subjects, groups, until: Date.now() + days * DAY_MS } }
  }

  async admitTechnician(invite: InviteView, groups: string[], days: number): Promise<{ say: Say; what: string }> {
    const { member, name } = await this.#invited(invite)
    return { say: { admit: { role: 'technician', subjects: [member], groups, until: Date.now() + days * DAY_MS } }, what: `Admission of ${name}` }
  }

  async admitAdmin(invite: InviteView): Promise<{ say: Say; what: string }> {
    const { member, name } = await this.#invited(invite)
    return { say: this.#roster((roster) => ({ ...roster, admins: [...roster.admins, member] })), what: `Admin ${name}` }
  }

  // An invited person as the ledger will know him, who from then on reads names.
  async #invited(invite: InviteView): Promise<{ member: Subject & Admin; name: string }> {
    const state = this.#state()
    if (!invite.answer) throw new Error('This invitation was not answered yet.')
    const answer = await verifyInviteAnswer(Envelope.parse(invite.answer.envelope))
    const label = answer.label ?? (await sealLabel(state.org, state.roster.directory_key, invite.answer.name))
    const share = await this.#directorySecret(state)
    const member = {
      key: answer.key,
      person: `p-${invite.invite.toLowerCase().replace(/[^a-z0-9]/g, '').slice(0, 16)}`,
      name: answer.name,
      label,
      ...(share ? { directory: { to: answer.directory_to, sealed: await sealDirectory(state.org, answer.directory_to, share) } } : {}),
    }
    return { member, name: invite.answer.name }
  }

  policy(view: Omit<PolicyView, 'id' | 'standing'>): Say {
    const policy: Policy = {
      name: view.name, technicians: view.technicians, devices: view.devices, scopes: view.scopes, max_seconds: view.maxSeconds,
      unattended: view.unattended, approvals: view.approvals, attended_when_stale: view.attendedWhenStale,
      read_under: view.readUnder, write_under: view.writeUnder, shell_as: view.shellAs, ticket_required: view.ticketRequired,
      ...(view.approvers === undefined ? {} : { approvers: view.approvers }),
      ...(view.devicesPerHour === undefined ? {} : { devices_per_hour: view.devicesPerHour }),
      ...(view.hours === undefined ? {} : { hours: view.hours }),
      ...(view.openingsPerHour === undefined ? {} : { openings_per_hour: view.openingsPerHour }),
    }
    const fault = policyFault(policy)
    if (fault) throw new Error(`The policy cannot be like this: ${fault}.`)
    return { policy }
  }

  revokePolicy(id: string): Say {
    return { revoke: { target: { policy: id as StatementId }, reason: 'revoked in the console' } }
  }

  // Signs what the page showed, after a check that the ledger would count it, or that it lacks other admins alone.
  async sign(say: Say, what: string): Promise<Made> {
    const state = this.#state()
    const payload = composeStatement(state, say, Date.now())
    const envelope = await signStatement(payload, [signerOf(this.identity)])
    const outcome = await state.check(envelope.bytes)
    if (outcome.counts) return { statement: await this.keep(envelope, what) }
    if (!lacksAdmins(outcome.why, say)) throw new Error(`The ledger would not count this: ${outcome.why.message}.`)
    return { draft: envelope }
  }

  // Keeps a complete statement until the ledger carries it.
  async keep(envelope: Envelope, what: string): Promise<SignedStatement> {
    const { org, id, at, say } = envelope.read('statement', statementSchema)
    const statement = { org: org as string, id: id as string, envelope: envelope.text(), what, at, revokes: 'revoke' in say }
    await signed.keep(statement)
    return statement
  }

  threshold(threshold: number): Say {
    return this.#roster((roster) => ({ ...roster, threshold }))
  }

  async addAdmin(admin: NewAdmin): Promise<Say> {
    const added = await this.#admin(this.#state(), admin)
    return this.#roster((roster) => ({ ...roster, admins: [...roster.admins, added] }))
  }

  // The next roster: what is not changed stays as it is.
  #roster(change: (roster: Roster) => Roster): Say {
    const { roster } = this.#state()
    const next = { ...change(roster), version: roster.version + 1 }
    const fault = rosterFault(next)
    if (fault) throw new Error(`The roster cannot be like this: ${fault}.`)
    return { roster: next }
  }

  async #admin(state: State, { person, name, key: text }: NewAdmin): Promise<Admin> {
    const [key, member] = text.trim().split(',').map((part) => fromB64u(part.trim()))
    if (key?.length !== 32 || (member && member.length !== 32)) throw new Error('This is no key: paste what “wayleave key new” printed behind “Public”.')
    const share = member && (await this.#directorySecret(state))
    const to = member && (toB64u(member) as X25519Public)
    return {
      key: PublicKey.parse('ed25519', key), person,
      ...(name ? { label: await sealLabel(state.org, state.roster.directory_key, name) } : {}),
      ...(to && share ? { directory: { to, sealed: await sealDirectory(state.org, to, share) } } : {}),
    }
  }

  async unsequenced(): Promise<SignedStatement[]> {
    const state = this.#state()
    const mine = (await signed.all()).filter((s) => s.org === (state.org as string))
    const [sequenced, open] = [mine.filter((s) => state.hasStatement(s.id as StatementId)), mine.filter((s) => !state.hasStatement(s.id as StatementId))]
    await Promise.all(sequenced.map((s) => signed.forget(s.id)))
    return open
  }

  async #directorySecret(state: State) {
    const share = memberOf(state, this.identity.keyid as never)?.directory
    if (!share) return undefined
    const open = (org: OrgId) => openDirectory(org, this.identity.directoryTo, share.sealed)
    return open(state.org).catch(() => open(NO_ORG).catch(() => undefined))
  }

  #state(): State {
    if (!this.ledger.state) throw new Error('The ledger is not read yet. Wait until it is, then try again.')
    return this.ledger.state
  }
}


