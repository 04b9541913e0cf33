// Statements this identity composes and signs. What is signed here is kept until the ledger carries it.
import {
  composeStatement, Envelope, type Inert, openDirectory, type OrgId, type Policy, type Say, sealDirectory, sealLabel, signStatement, type State, type StatementId, type Subject, verifyEnrol, verifyInviteAnswer,
} from '../trust'
import { signerOf } from './keys'
import type { Ledger } from './ledger'
import type { InviteView, PolicyView, WaitingView } from './model'
import { type Identity, type SignedStatement, signed } from './vault'
import { memberOf, NO_ORG } from './views'

const DAY_MS = 86_400_000

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
    const state = this.#state()
    if (!invite.answer) throw new Error('This invitation was not answered yet.')
    const answer = await verifyInviteAnswer(Envelope.parse(invite.answer.envelope))
    const label = answer.label ?? (await sealLabel(state.org, state.roster.directory_key, invite.answer.name))
    const share = await this.#directorySecret(state)
    const subject: Subject = {
      key: answer.key,
      person: `p-${invite.invite.toLowerCase().replace(/[^a-z0-9]/g, '').slice(0, 16)}`,
      name: answer.name,
      label,
      ...(share ? { directory: { to: answer.directory_to, sealed: await sealDirectory(state.org, answer.directory_to, share) } } : {}),
    }
    const say: Say = { admit: { role: 'technician', subjects: [subject], groups, until: Date.now() + days * DAY_MS } }
    return { say, what: `Admission of ${invite.answer.name}` }
  }

  policy(view: Omit<PolicyView, 'id' | 'standing'>): Say {
    const policy: Policy = {
      name: view.name, technicians: view.technicians, devices: view.devices, scopes: view.scopes, max_seconds: view.maxSeconds,
      unattended: view.unattended, approvals: view.approvals, attended_when_stale: false,
      ...(view.approvers === undefined ? {} : { approvers: view.approvers }),
    }
    return { policy }
  }

  revokePolicy(id: string): Say {
    return { revoke: { target: { policy: id as StatementId }, reason: 'revoked in the console' } }
  }

  // Signs what the page showed, after a check that the ledger would count it.
  async sign(say: Say, what: string): Promise<SignedStatement> {
    const state = this.#state()
    const payload = composeStatement(state, say, Date.now())
    const envelope = await signStatement(payload, [signerOf(this.identity)])
    const outcome = await state.check(envelope.bytes)
    if (!outcome.counts) throw new Error(explain(outcome.why))
    const statement = { org: state.org as string, id: payload.id as string, envelope: envelope.text(), what, at: payload.at, revokes: 'revoke' in say }
    await signed.keep(statement)
    return statement
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

function explain(why: Inert): string {
  const text = `The ledger would not count this: ${why.message}.`
  return why.code === 'too_few_admins' ? `${text} Collect the other admins’ signatures with “wayleave org”.` : text
}

