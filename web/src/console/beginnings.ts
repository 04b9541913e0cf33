// How an identity comes to be in this browser: by creating an organisation, by an invitation, or by a link's seed.
import { call } from '../api/request'
import type { InviteState, ServerInfo } from '../api/types'
import {
  answerInvite, type Bytes, fromB64u, generateOpeningKey, type InviteAnswer, isHost, isLine, nameCommitment, openingKeyFromSecret, type OpeningKey, type OrgId, personWords, randomBytes, randomId, type Roster, type Salt, sealDirectory, sealLabel, sha256Bytes, signGenesis, toB64u, utf8, type X25519Public, ed25519FromSeed,
} from '../trust'
import { keyJson, keyOf, makeKey, seededKey, signerFor } from './keys'
import { identities, type Identity } from './vault'
import { NO_ORG } from './views'

export interface CreateForm {
  name: string
  domain: string
  person: string
  owner: 'customer' | 'vendor' | undefined
  key: 'passkey' | 'software'
  noSecondKey: boolean
}

export interface Created {
  identity: Identity
  name: string
  // An object URL of the file with the second admin key and the recovery key.
  backup: string | undefined
}

const RECOVERY_DELAY_MS = 72 * 3_600_000
const MAX_AGE_MS = 300_000
const POLL_MS = 2000

// The page's own service, or the one `wayleave console` was told about.
let service = location.origin

export async function findService(): Promise<void> {
  try {
    const response = await fetch('/console.json', { cache: 'no-store', credentials: 'omit' })
    const { server } = (await response.json()) as { server?: string }
    if (response.ok && typeof server === 'string') service = server
  } catch {
    // A service serves the console itself and has no such file.
  }
}

export const whereIsTheService = (): string => service

export async function createOrganisation(form: CreateForm): Promise<Created> {
  if (!isLine(form.name) || !isLine(form.person)) throw new Error('Names are one line of 1 to 200 visible characters.')
  if (!isHost(form.domain)) throw new Error(`${form.domain} is not a host name in lower-case ASCII, such as it.example.org.`)
  const server = whereIsTheService()
  const info = await call<ServerInfo>({ server, method: 'GET', path: '/v1/server' })
  const made = await makeKey(form.key, form.person)
  const salt = randomId<Salt>()
  const directoryTo = await generateOpeningKey()
  const directorySecret = randomBytes(32)
  const auditSecret = randomBytes(32)
  const [directory, audit] = await Promise.all([openingKeyFromSecret(directorySecret), openingKeyFromSecret(auditSecret)])
  const second = form.noSecondKey ? undefined : await backupKeys()
  const admin = { key: made.key, person: 'founder', name: nameCommitment({ name: form.person, salt }) }
  const roster: Roster = {
    version: 1, format: 1, name: form.name, domain: form.domain,
    admins: [admin, ...(second ? [{ key: second.admin.key, person: 'founder' }] : [])],
    threshold: 1,
    ...(second ? { recovery: { keys: [second.recovery.key], delay: RECOVERY_DELAY_MS } } : {}),
    log_key: keyOf(info.log_key),
    witnesses: info.witnesses.map((w) => ({ name: w.name, key: keyOf(w.key), holds_revocations: w.holds_revocations, ...(w.url ? { url: w.url } : {}) })),
    quorum: info.witnesses.some((w) => w.holds_revocations) ? 1 : 0,
    max_age: MAX_AGE_MS,
    console_origins: [{ origin: location.origin, owner: 'customer' }],
    audit_key: audit.public,
    directory_key: directory.public,
  }
  await shareDirectory(roster, form.person, directoryTo.public, directorySecret)
  const { org, envelope } = await signGenesis(roster, [signerFor(made.key, made.holder)], Date.now())
  await call({ server, method: 'POST', path: '/v1/orgs', body: envelope.text(), json: false })
  const identity: Identity = {
    org, server: info.public_url, role: 'admin', key: keyJson(made.key), keyid: made.key.id, holder: made.holder,
    name: form.person, salt, person: 'founder', directoryTo, created: Date.now(),
  }
  await identities.keep(identity)
  const backup = second && backupFile({ org, server: info.public_url, admin: second.admin.seed, recovery: second.recovery.seed, audit: auditSecret, directory: directorySecret })
  return { identity, name: form.name, backup }
}

// The founder's share of the directory key. The organisation's id is not known before its genesis is signed, so this one
// share and the founder's label are sealed for the organisation of zeros.
async function shareDirectory(roster: Roster, name: string, to: X25519Public, secret: Bytes): Promise<void> {
  const founder = roster.admins[0]
  if (!founder) return
  founder.directory = { to, sealed: await sealDirectory(NO_ORG, to, secret) }
  founder.label = await sealLabel(NO_ORG, roster.directory_key, name)
}

async function backupKeys() {
  const make = async () => {
    const seed = randomBytes(32)
    return { seed, ...(await ed25519FromSeed(seed)) }
  }
  return { admin: await make(), recovery: await make() }
}

function backupFile(keys: { org: string; server: string; admin: Bytes; recovery: Bytes; audit: Bytes; directory: Bytes }): string {
  const file = {
    what: 'Wayleave backup keys: keep offline. Import with: wayleave org import FILE',
    version: 1, org: keys.org, server: keys.server,
    admin_seed: toB64u(keys.admin), recovery_seed: toB64u(keys.recovery), audit_secret: toB64u(keys.audit), directory_secret: toB64u(keys.directory),
  }
  return URL.createObjectURL(new Blob([`${JSON.stringify(file, null, 2)}\n`], { type: 'application/json' }))
}

export interface Answered {
  identity: Identity
  words: string
  admitted: Promise<void>
}

export async function answerInvitation(wish: { invite: string; org: string; server: string; directory: string; name: string; key: 'passkey' | 'software' }): Promise<Answered> {
  if (!isLine(wish.name)) throw new Error('A name is one line of 1 to 200 visible characters.')
  if (!wish.org || !wish.server) throw new Error('This link is incomplete: ask for a new one, and open it whole.')
  const made = await makeKey(wish.key, wish.name)
  const salt = randomId<Salt>()
  const directoryTo = await generateOpeningKey()
  const answer: InviteAnswer = {
    org: wish.org as OrgId, invite: wish.invite, role: 'technician', key: made.key, directory_to: directoryTo.public, name: nameCommitment({ name: wish.name, salt }),
    ...(wish.directory ? { label: await sealLabel(wish.org as OrgId, wish.directory as X25519Public, wish.name) } : {}),
  }
  const envelope = await answerInvite(answer, signerFor(made.key, made.holder))
  const path = `/v1/invites/${wish.invite}`
  await call({ server: wish.server, method: 'PUT', path, body: envelope.text(), json: false })
  const identity: Identity = {
    org: wish.org, server: wish.server, role: 'technician', key: keyJson(made.key), keyid: made.key.id, holder: made.holder,
    name: wish.name, salt, person: '', directoryTo, created: Date.now(),
  }
  await identities.keep(identity)
  return { identity, words: personWords(answer), admitted: untilAdmitted(wish.server, path) }
}

async function untilAdmitted(server: string, path: string): Promise<void> {
  for (;;) {
    const { state } = await call<{ state: InviteState }>({ server, method: 'GET', path })
    if (state === 'admitted') return
    if (state === 'expired') throw new Error('The invitation has expired before you were admitted. Ask for a new one.')
    await new Promise((next) => setTimeout(next, POLL_MS))
  }
}

// A software key from a seed that came in the link's fragment: the demonstration's technician.
export async function identityFromSeed(seedText: string, fragment: URLSearchParams): Promise<Identity> {
  const seed = fromB64u(seedText)
  const org = fragment.get('org')
  const name = fragment.get('name')
  if (seed?.length !== 32 || !org || !name) throw new Error('This link is incomplete: open it whole, as it was printed.')
  const part = (what: string): Bytes => sha256Bytes(utf8(`wayleave/seed/${what}/1\0`), seed)
  const made = await seededKey(part('sign'))
  const directoryTo: OpeningKey = await openingKeyFromSecret(part('directory'))
  return {
    org, server: fragment.get('server') ?? whereIsTheService(), role: fragment.get('role') === 'admin' ? 'admin' : 'technician',
    key: keyJson(made.key), keyid: made.key.id, holder: made.holder, name, salt: toB64u(part('salt').slice(0, 16)), person: '', directoryTo, created: Date.now(),
  }
}

