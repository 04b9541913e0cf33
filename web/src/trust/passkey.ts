// One passkey assertion (WebAuthn level 3, section 7.2) made over an envelope: checked, and asked for.

import { type Bytes, type Hash, concat, equal, fromB64u, sha256Bytes, toB64u, utf8 } from './bytes'
import { TrustError } from './error'
import { type Json, parseJson } from './json'
import type { PublicKey, SignatureParts, Signer } from './key'

// The user was present (bit 0) and verified (bit 2).
const FLAGS_PRESENT_AND_VERIFIED = 0x05

/** What the authenticator signed besides the challenge, and its signature. */
export interface Assertion {
  readonly authenticatorData: Bytes
  /** `clientDataJSON`, verbatim. */
  readonly clientData: Bytes
  /** DER for ES256, 64 bytes for Ed25519. */
  readonly signature: Bytes
}

/** The part of `navigator.credentials.get`'s answer that counts. */
export interface AssertionResponse {
  readonly authenticatorData: ArrayBuffer
  readonly clientDataJSON: ArrayBuffer
  readonly signature: ArrayBuffer
}

interface ClientData {
  ceremony: string
  challenge: string
  origin: string
  isForeignFrame: boolean
}

// Unknown members stay allowed: browsers add one at random to keep parsers honest.
function readClientData(bytes: Uint8Array): ClientData | undefined {
  let json: Json
  try {
    json = parseJson(bytes)
  } catch {
    return undefined
  }
  if (!(json instanceof Map)) return undefined
  const [ceremony, challenge, origin] = [json.get('type'), json.get('challenge'), json.get('origin')]
  const crossOrigin = json.has('crossOrigin') ? json.get('crossOrigin') : false
  const topOrigin = json.get('topOrigin') ?? null
  if (typeof ceremony !== 'string' || typeof challenge !== 'string' || typeof origin !== 'string') return undefined
  if (typeof crossOrigin !== 'boolean' || (topOrigin !== null && typeof topOrigin !== 'string')) return undefined
  return { ceremony, challenge, origin, isForeignFrame: crossOrigin || topOrigin !== null }
}

const refuse = (code: string, message: string): never => {
  throw new TrustError(code, message)
}

/** Checks everything but the signature itself; returns the origin it was signed on. */
export function checkAssertion(key: PublicKey, challenge: Hash, assertion: Assertion): string {
  const client = readClientData(assertion.clientData)
  if (!client) return refuse('client_data', "the passkey's client data cannot be read")
  if (client.ceremony !== 'webauthn.get') refuse('ceremony', 'the passkey signed another ceremony')
  const signed = fromB64u(client.challenge)
  if (!signed || toB64u(signed) !== challenge) refuse('challenge', 'the passkey signed something else')
  if (client.isForeignFrame || !key.origins.includes(client.origin)) {
    refuse('origin', 'the passkey signed on an origin that its key does not list')
  }
  const data = assertion.authenticatorData
  if (key.rp === undefined || data.length < 37 || !equal(data.subarray(0, 32), sha256Bytes(utf8(key.rp)))) {
    refuse('relying_party', 'the passkey belongs to another relying party')
  }
  if (((data[32] ?? 0) & FLAGS_PRESENT_AND_VERIFIED) !== FLAGS_PRESENT_AND_VERIFIED) {
    refuse('not_verified', "the passkey's holder was not verified")
  }
  return client.origin
}

/** Checks the signature alone. */
export async function isSigned(key: PublicKey, assertion: Assertion): Promise<boolean> {
  const message = concat(assertion.authenticatorData, sha256Bytes(assertion.clientData))
  return key.kind === 'webauthn-es256'
    ? key.verifyEs256(message, assertion.signature)
    : key.verifyEd25519(message, assertion.signature)
}

/** Checks that `key` signed `challenge` by `assertion`; returns the origin it was signed on. */
export async function verifyPasskey(key: PublicKey, challenge: Hash, assertion: Assertion): Promise<string> {
  const origin = checkAssertion(key, challenge, assertion)
  if (!(await isSigned(key, assertion))) refuse('signature', "the passkey's signature does not verify")
  return origin
}

/** A signer whose every signature `ask` fetches from the passkey: `navigator.credentials.get` with this challenge. */
export function passkeySigner(key: PublicKey, ask: (challenge: Bytes) => Promise<AssertionResponse>): Signer {
  return { key, sign: async (pae) => signatureParts(await ask(sha256Bytes(pae))) }
}

/** The parts of an envelope's signature in an authenticator's answer. */
export function signatureParts(response: AssertionResponse): SignatureParts {
  return {
    sig: new Uint8Array(response.signature),
    webauthn: { ad: new Uint8Array(response.authenticatorData), cd: new Uint8Array(response.clientDataJSON) },
  }
}
