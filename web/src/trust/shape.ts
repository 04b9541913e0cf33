// Whether a statement's content is sound, apart from who signed: each function returns what is wrong, or nothing.

import { boundsFault } from './bounds'
import type { Bytes } from './bytes'
import {
  ADMINS_MAX,
  APPROVALS_MAX,
  GROUPS_MAX,
  MAX_AGE_MS,
  ORIGINS_MAX,
  POLICY_SECONDS,
  RECOVERY_DELAY_MS,
  RECOVERY_KEYS_MAX,
  SEALED_BYTES_MAX,
  SUBJECTS_MAX,
  WITNESSES_MAX,
} from './limits'
import { isScopeList } from './scope'
import { type Admit, type DirectoryShare, type Hours, JOINED_GROUP, type Policy, type Recovery, type Role, type Roster, type Subject } from './statement'
import { isHost, isLine, isName, isOrigin } from './text'

type Fault = string | undefined

const isDistinct = (values: readonly string[]): boolean => new Set(values).size === values.length

const sealedFit = (parts: readonly { label?: Bytes | undefined; directory?: DirectoryShare | undefined }[]): boolean =>
  parts.every(
    ({ label, directory }) =>
      (label?.length ?? 0) <= SEALED_BYTES_MAX && (directory?.sealed.length ?? 0) <= SEALED_BYTES_MAX,
  )

/** How many distinct persons the admins are. */
export const personsOf = (roster: Roster): number => new Set(roster.admins.map((admin) => admin.person)).size

export function rosterFault(roster: Roster): Fault {
  if (roster.format !== 1) return 'its format is unknown to this version'
  if (!isLine(roster.name) || !isHost(roster.domain)) {
    return 'its name is not one line, or its domain is not a host name in lower-case ASCII'
  }
  const { admins, recovery } = roster
  if (admins.length === 0 || admins.length > ADMINS_MAX || !admins.every((admin) => isName(admin.person))) {
    return 'it lists no admin, too many, or one without a person'
  }
  if (!isDistinct(admins.map((admin) => admin.key.id))) return 'it lists an admin key twice'
  if (roster.threshold === 0 || roster.threshold > personsOf(roster)) {
    return 'its threshold is zero or above the number of persons'
  }
  if (!roster.log_key.isNative || !sealedFit(admins)) {
    return 'its log key is not a native ed25519 key, or a sealed label is too long'
  }
  const origins = roster.console_origins
  if (!origins.every((o) => isOrigin(o.origin)) || origins.length > ORIGINS_MAX) {
    return 'a console origin is not https or http://localhost'
  }
  return (recovery && recoveryFault(roster, recovery)) ?? witnessesFault(roster)
}

function recoveryFault({ admins }: Roster, { keys, delay }: Recovery): Fault {
  if (keys.length === 0 || keys.length > RECOVERY_KEYS_MAX) return 'its recovery lists no key, or too many'
  const isApart = isDistinct([...new Set(admins.map((admin) => admin.key.id)), ...keys.map((key) => key.id)])
  if (!isApart || !keys.every((key) => key.isNative)) {
    return "a recovery key is no native ed25519 key, listed twice, or an admin's key"
  }
  const isInRange = delay >= RECOVERY_DELAY_MS.min && delay <= RECOVERY_DELAY_MS.max
  return isInRange ? undefined : 'its recovery waits less than a day or more than 30'
}

function witnessesFault({ witnesses, quorum, max_age }: Roster): Fault {
  const sound = witnesses.every((w) => isName(w.name) && w.key.isNative)
  const once = isDistinct(witnesses.map((w) => w.name)) && isDistinct(witnesses.map((w) => w.key.id))
  if (witnesses.length > WITNESSES_MAX || !sound || !once) {
    return 'a witness has no valid name or native ed25519 key, or is listed twice'
  }
  if (quorum > witnesses.length) return 'its quorum exceeds its witnesses'
  if (quorum > 0 && !witnesses.some((w) => w.holds_revocations)) return 'none of its witnesses holds revocations'
  const isInRange = max_age >= MAX_AGE_MS.min && max_age <= MAX_AGE_MS.max
  return isInRange ? undefined : 'its max_age is outside 10 seconds to one day'
}

export function admitFault(admit: Admit): Fault {
  const { role, subjects, groups } = admit
  if (subjects.length === 0 || subjects.length > (role === 'device' ? SUBJECTS_MAX : 1)) {
    return 'it admits no key, or more than its role allows'
  }
  const isReserved = (group: string) => group === 'admins' || group === JOINED_GROUP
  if (groups.length > GROUPS_MAX || !groups.every((group) => isName(group) && !isReserved(group))) {
    return 'a group has no valid name, is reserved, or there are too many'
  }
  if (!sealedFit(subjects)) return 'a sealed label is too long'
  if (!isDistinct(subjects.map((subject) => subject.key.id))) return 'it admits a key twice'
  return subjects.map((subject) => subjectFault(role, subject)).find((fault) => fault !== undefined)
}

function subjectFault(role: Role, subject: Subject): Fault {
  const { key, noise, person, name } = subject
  if (role === 'device' && (noise === undefined || !key.isNative)) {
    return 'a device needs a native ed25519 key and a noise key'
  }
  if (role === 'technician' && (name === undefined || person === undefined || !isName(person))) {
    return 'a technician needs a person and a name commitment'
  }
  if ((role === 'enroller' || role === 'stopper') && !key.isNative) {
    return 'an enroller or stopper needs a native ed25519 key'
  }
  if (role !== 'device' && noise !== undefined) return 'only devices have a noise key'
  if (role !== 'technician' && (person !== undefined || name !== undefined)) {
    return 'only technicians have a person and a name'
  }
  return undefined
}

export function policyFault(policy: Policy): Fault {
  if (!isName(policy.name) || !isName(policy.technicians) || !isName(policy.devices)) {
    return 'its name or a group has no valid name'
  }
  if (policy.approvers !== undefined && !isName(policy.approvers)) return "its approvers' group has no valid name"
  if (!isScopeList(policy.scopes)) return 'its scopes are empty or repeat'
  if (policy.max_seconds < POLICY_SECONDS.min || policy.max_seconds > POLICY_SECONDS.max) {
    return 'its max_seconds is outside 10 seconds to 7 days'
  }
  if (policy.approvals > APPROVALS_MAX || (policy.approvals > 0 && policy.approvers === undefined)) {
    return "it asks for approvals without an approvers' group, or for too many"
  }
  if (policy.openings_per_hour === 0 || policy.devices_per_hour === 0 || (policy.hours && !hoursFit(policy.hours))) {
    return 'its hours or its rate allow nothing'
  }
  return boundsFault(policy.scopes, policy, policy.shell_as)
}

function hoursFit({ days, from_minute, to_minute, offset_minutes }: Hours): boolean {
  const daysFit = days.length > 0 && days.every((day) => day < 7) && new Set(days).size === days.length
  return daysFit && from_minute < to_minute && to_minute <= 1440 && Math.abs(offset_minutes) <= 840
}
