// Payloads that prove who somebody is: enrolment, an invitation's answer, sign-in, one end of a socket.

import { type Bytes, type Hash, type KeyId, type Nonce, type OrgId, type X25519Public, bytesOf, sha256, utf8 } from './bytes'
import { Envelope, type PayloadType } from './envelope'
import { TrustError } from './error'
import { type PublicKey, type Signer, publicKey } from './key'
import { type Schema, blob, id, object, oneOf, optional, text, u64 } from './schema'
import { type Role, role } from './statement'
import { wordsOf } from './words'

/** A device asks to be admitted. Signed by `key` itself. */
export interface Enrol {
  org: OrgId
  key: PublicKey
  noise: X25519Public
  /** What the machine calls itself: its own words, not trusted. */
  hostname: string
  nonce: Nonce
}

/** An invited person leaves his public keys. Signed by `key` itself. */
export interface InviteAnswer {
  org: OrgId
  invite: string
  role: Role
  key: PublicKey
  /** The directory key will be sealed to it. */
  directory_to: X25519Public
  /** Commitment to the name. */
  name: Hash
  /** The name, sealed to the directory key, if the inviting page handed that key over. */
  label?: Bytes | undefined
}

/** A person signs in to the service. Signed by an admin's or technician's ledger key. */
export interface SignIn {
  /** The service's public URL, without a trailing slash. */
  server: string
  org: OrgId
  nonce: Nonce
  /** Ed25519 key that signs the requests from now on. */
  request_key: PublicKey
  at: number
  /** 12 hours after `at` at most. */
  until: number
}

/** One end of a WebSocket. Signed by a device key or a request key. */
export interface Socket {
  server: string
  org: OrgId
  purpose: 'agent' | 'console' | 'relay'
  /** The relay's session. */
  session?: string | undefined
  nonce: Nonce
  at: number
  /** The signing key, for one that the service does not know yet. */
  key?: PublicKey | undefined
}

export const enrol: Schema<Enrol> = object<Enrol>({
  org: id<OrgId>(32),
  key: publicKey,
  noise: id<X25519Public>(32),
  hostname: text,
  nonce: id<Nonce>(16),
})

export const inviteAnswer: Schema<InviteAnswer> = object<InviteAnswer>({
  org: id<OrgId>(32),
  invite: text,
  role,
  key: publicKey,
  directory_to: id<X25519Public>(32),
  name: id<Hash>(32),
  label: optional(blob),
})

export const signIn: Schema<SignIn> = object<SignIn>({
  server: text,
  org: id<OrgId>(32),
  nonce: id<Nonce>(16),
  request_key: publicKey,
  at: u64,
  until: u64,
})

export const socket: Schema<Socket> = object<Socket>({
  server: text,
  org: id<OrgId>(32),
  purpose: oneOf<Socket['purpose']>('agent', 'console', 'relay'),
  session: optional(text),
  nonce: id<Nonce>(16),
  at: u64,
  key: optional(publicKey),
})

async function selfSigned<T extends { key: PublicKey }>(
  envelope: Envelope,
  type: PayloadType,
  schema: Schema<T>,
): Promise<T> {
  const said = envelope.read(type, schema)
  const signers = await envelope.verify(type, (keyid) => (keyid === said.key.id ? said.key : undefined))
  if (signers.length === 0) {
    throw new TrustError('bad_signature', `the signature of key ${said.key.id} does not verify`)
  }
  return said
}

/** An enrolment, after a check that the key it names signed it. */
export const verifyEnrol = (envelope: Envelope): Promise<Enrol> => selfSigned(envelope, 'enrol', enrol)

/** An invitation's answer, after a check that the key it names signed it. */
export const verifyInviteAnswer = (envelope: Envelope): Promise<InviteAnswer> =>
  selfSigned(envelope, 'invite-answer', inviteAnswer)

/** Signs in: the caller composed every member itself. */
export const proveSignIn = (payload: SignIn, by: Signer): Promise<Envelope> =>
  Envelope.sign('sign-in', signIn, payload, [by])

/** Proves one end of a WebSocket. */
export const proveSocket = (payload: Socket, by: Signer): Promise<Envelope> =>
  Envelope.sign('socket', socket, payload, [by])

/** Answers an invitation. */
export const answerInvite = (payload: InviteAnswer, by: Signer): Promise<Envelope> =>
  Envelope.sign('invite-answer', inviteAnswer, payload, [by])

/** The words of a device, shown where it waits and by `wayleave-agent fingerprint`. */
export const deviceWords = (key: KeyId, noise: X25519Public): string =>
  wordsOf(sha256(utf8('wayleave/words/device/1\0'), bytesOf(key), bytesOf(noise)))

/** The words of an invited person, which both sides compare. */
export const personWords = ({ key, directory_to, name }: InviteAnswer): string => personWordsOf(key.id, directory_to, name)

/** The same words, of what an admission says of a person. */
export const personWordsOf = (key: KeyId, directoryTo: X25519Public, name: Hash): string =>
  wordsOf(sha256(utf8('wayleave/words/person/1\0'), bytesOf(key), bytesOf(directoryTo), bytesOf(name)))
