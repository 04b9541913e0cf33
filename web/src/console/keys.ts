// Keys of people in this browser: passkeys and software keys, and how each signs.
import type { KeyJson } from '../api/types'
import {
  type AssertionResponse, type Bytes, ed25519FromSeed, ed25519Signer, fromB64u, generateEd25519, passkeyFromSpki, passkeySigner, PublicKey, randomBytes, type Signer, toB64u,
} from '../trust'
import type { Identity, KeyHolder } from './vault'

export interface MadeKey {
  key: PublicKey
  holder: KeyHolder
}

const ES256 = -7
const ED25519 = -8

export function signerOf(identity: Identity): Signer {
  return signerFor(keyOf(identity.key), identity.holder)
}

export function signerFor(key: PublicKey, holder: KeyHolder): Signer {
  if (holder.kind === 'software') return ed25519Signer(key, holder.privateKey)
  return passkeySigner(key, (challenge) => askPasskey(challenge, holder))
}

export function keyOf(json: KeyJson): PublicKey {
  const bytes = fromB64u(json.public)
  if (!bytes) throw new Error('A key kept in this browser is damaged. Ask an admin to invite you again.')
  return PublicKey.parse(json.kind, bytes, json.rp, json.origins ?? [])
}

export function keyJson(key: PublicKey): KeyJson {
  return { kind: key.kind, public: toB64u(key.bytes), ...(key.rp === undefined ? {} : { rp: key.rp }), ...(key.origins.length === 0 ? {} : { origins: [...key.origins] }) }
}

export async function makeKey(kind: 'passkey' | 'software', name: string): Promise<MadeKey> {
  return kind === 'passkey' ? makePasskey(name) : makeSoftwareKey()
}

async function makeSoftwareKey(): Promise<MadeKey> {
  const { key, privateKey } = await generateEd25519(location.origin)
  return { key, holder: { kind: 'software', privateKey } }
}

// A software key whose secret came in a link's fragment: for demonstrations on one machine.
export async function seededKey(seed: Bytes): Promise<MadeKey> {
  const { key, privateKey } = await ed25519FromSeed(seed, location.origin)
  return { key, holder: { kind: 'software', privateKey } }
}

async function makePasskey(name: string): Promise<MadeKey> {
  const rp = location.hostname
  const credential = (await ask(() => navigator.credentials.create({
    publicKey: {
      rp: { id: rp, name: 'Wayleave' },
      user: { id: randomBytes(16), name, displayName: name },
      challenge: randomBytes(32),
      pubKeyCredParams: [{ type: 'public-key', alg: ES256 }, { type: 'public-key', alg: ED25519 }],
      authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
      attestation: 'none',
    },
  }))) as PublicKeyCredential
  const response = credential.response as AuthenticatorAttestationResponse
  const spki = response.getPublicKey()
  if (!spki) throw new Error('This passkey uses an algorithm that Wayleave does not know. Use another passkey or a software key.')
  const key = passkeyFromSpki(response.getPublicKeyAlgorithm(), new Uint8Array(spki), rp, [location.origin])
  return { key, holder: { kind: 'passkey', credential: new Uint8Array(credential.rawId), rp } }
}

async function askPasskey(challenge: Bytes, holder: { credential: Uint8Array<ArrayBuffer>; rp: string }): Promise<AssertionResponse> {
  const credential = (await ask(() => navigator.credentials.get({
    publicKey: { challenge, rpId: holder.rp, allowCredentials: [{ type: 'public-key', id: holder.credential }], userVerification: 'required' },
  }))) as PublicKeyCredential
  return credential.response as AuthenticatorAssertionResponse
}

async function ask(ceremony: () => Promise<Credential | null>): Promise<Credential> {
  try {
    const credential = await ceremony()
    if (credential) return credential
  } catch (error) {
    if (error instanceof DOMException && error.name === 'SecurityError') {
      throw new Error(`Passkeys do not work at ${location.origin}: open this page by its https name, or as http://localhost.`)
    }
  }
  throw new Error('The passkey did not answer: it was cancelled, timed out, or is not here. Try again.')
}
