// Statements in words, for who is about to sign one that somebody else composed: all of it, parsed, never bytes.
import { boundsTold } from './Bounds'
import { type Admin, type Admit, deviceWords, type OpeningKey, openLabel, type Policy, personWordsOf, type Revoke, type Roster, type Say, shortKey, span, type State, type Subject } from '../trust'
import { day } from '../ui/time'
import { SCOPES } from './model'
import type { Names } from './views'

export interface Told {
  title: string
  // A head and what it says.
  lines: [string, string][]
}

export async function tell(state: State, names: Names, say: Say): Promise<Told> {
  if ('roster' in say) return rosterTold(state.roster, say.roster)
  if ('policy' in say) return policyTold(say.policy, state.policies().some(({ policy }) => policy.name === say.policy.name))
  if ('admit' in say) return admitTold(state, names.directory, say.admit)
  if ('recover' in say) return { title: 'Complete a recovery', lines: [['Which', say.recover.recovery]] }
  return revokeTold(names, say.revoke)
}

function revokeTold(names: Names, { target, reason }: Revoke): Told {
  const what = target === '*' ? 'everything' : 'key' in target ? `the key of ${names.of(target.key)}` : 'recovery' in target ? 'a recovery: a veto, for good' : 'what another id names'
  return { title: `Revoke ${what}`, lines: [['Which', target === '*' ? 'everything' : Object.entries(target).join().replace(',', ' ')], ['Reason', reason]] }
}

function policyTold(policy: Policy, replaces: boolean): Told {
  const what = SCOPES.filter((s) => policy.scopes.includes(s.scope)).map((s) => s.title).join(', ')
  const more = [
    policy.approvals > 0 || policy.approvers ? `${policy.approvals} approvals of ${policy.approvers}` : '',
    policy.hours ? `within hours (days ${policy.hours.days.join(', ')}, minutes ${policy.hours.from_minute} to ${policy.hours.to_minute}, offset ${policy.hours.offset_minutes})` : '',
    policy.openings_per_hour === undefined ? '' : `${policy.openings_per_hour} openings an hour`,
    policy.devices_per_hour === undefined ? '' : `${policy.devices_per_hour} devices of one person an hour, as witnesses count`,
    policy.attended_when_stale ? 'attended even when no witness vouches' : '',
    ...boundsTold({ readUnder: policy.read_under, writeUnder: policy.write_under, shellAs: policy.shell_as, ticketRequired: policy.ticket_required }),
  ].filter(Boolean)
  return {
    title: `${replaces ? 'Change the policy' : 'New policy'} ${policy.name}`,
    lines: [
      ['Who', policy.technicians],
      ['Where', policy.devices],
      ['What', what],
      ['How', `${policy.unattended ? 'unattended: nobody at the device is asked' : 'the user is asked'}, ${span(policy.max_seconds)} at most`],
      ...(more.length > 0 ? [['Besides', more.join('; ')] as [string, string]] : []),
    ],
  }
}

async function admitTold(state: State, directory: OpeningKey | undefined, admit: Admit): Promise<Told> {
  const names = await Promise.all(admit.subjects.map((subject) => nameOf(state, directory, subject)))
  const whom = names.length === 1 ? names[0] : `${names.length} ${admit.role}s`
  return {
    title: `Admit ${whom} as ${admit.role}`,
    lines: [
      ['Groups', admit.groups.join(', ') || 'none'],
      ['Until', day(admit.until)],
      ...admit.subjects.map((subject, at): [string, string] => [names[at] ?? '', identityOf(subject)]),
    ],
  }
}

const identityOf = (subject: Subject): string =>
  [wordsFor(subject), subject.person && `person ${subject.person}`, `key ${shortKey(subject.key.id)}`].filter(Boolean).join(', ')

// The six words that somebody compared, or can compare now.
function wordsFor(subject: Subject): string {
  if (subject.noise) return deviceWords(subject.key.id, subject.noise)
  return subject.directory && subject.name ? personWordsOf(subject.key.id, subject.directory.to, subject.name) : ''
}

async function nameOf(state: State, directory: OpeningKey | undefined, subject: Subject | Admin): Promise<string> {
  const name = subject.label && directory ? await openLabel(state.org, directory, subject.label).catch(() => undefined) : undefined
  return name ?? shortKey(subject.key.id)
}

// What a roster changes of the one in force.
function rosterTold(old: Roster, next: Roster): Told {
  const lines: [string, string][] = []
  const changed = (head: string, before: string | number, after: string | number) => {
    if (before !== after) lines.push([head, `${before} → ${after}`])
  }
  changed('Name', old.name, next.name)
  changed('Domain', old.domain, next.domain)
  changed('Admins that give power', old.threshold, next.threshold)
  changed('Quorum of witnesses', old.quorum, next.quorum)
  changed('Oldest cosignature', `${old.max_age / 1000} s`, `${next.max_age / 1000} s`)
  changed('Log key', shortKey(old.log_key.id), shortKey(next.log_key.id))
  changed('Audit key', old.audit_key.slice(0, 12), next.audit_key.slice(0, 12))
  changed('Directory key', old.directory_key.slice(0, 12), next.directory_key.slice(0, 12))
  changed('Recovery keys', old.recovery?.keys.map((k) => shortKey(k.id)).join(', ') ?? 'none', next.recovery?.keys.map((k) => shortKey(k.id)).join(', ') ?? 'none')
  const lists: [string, string[], string[]][] = [
    ['admin', old.admins.map(adminText), next.admins.map(adminText)],
    ['witness', old.witnesses.map((w) => `${w.name} ${shortKey(w.key.id)} ${w.url ?? ''}${w.holds_revocations ? '' : ' (history only)'}`), next.witnesses.map((w) => `${w.name} ${shortKey(w.key.id)} ${w.url ?? ''}${w.holds_revocations ? '' : ' (history only)'}`)],
    ['console origin', old.console_origins.map((o) => `${o.origin} (${o.owner})`), next.console_origins.map((o) => `${o.origin} (${o.owner})`)],
  ]
  for (const [what, before, after] of lists) {
    for (const text of after.filter((t) => !before.includes(t))) lines.push([`Adds ${what}`, text])
    for (const text of before.filter((t) => !after.includes(t))) lines.push([`Removes ${what}`, text])
  }
  if (lines.length === 0) lines.push(['Changes', 'nothing: it lifts a suspension'])
  return { title: `Roster ${next.version}`, lines }
}

const adminText = (admin: Admin): string => `${admin.person}, key ${shortKey(admin.key.id)}`
