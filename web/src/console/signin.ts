// Signing in: the ledger key vouches for a request key, which signs every request for at most twelve hours.
import { call, type Call, type RequestKey, ServiceError } from '../api/request'
import { ed25519Signer, generateEd25519, type KeyId, type Nonce, type OrgId, proveSignIn, PublicKey, type Signer } from '../trust'
import { signerOf } from './keys'
import { type Identity, type KeptRequestKey, requestKeys } from './vault'

const VALID_MS = 12 * 3_600_000 - 60_000
const RENEW_BEFORE_MS = 5 * 60_000

export class Service {
  #kept: KeptRequestKey | undefined
  #signingIn: Promise<KeptRequestKey> | undefined

  constructor(readonly identity: Identity) {}

  get server(): string {
    return this.identity.server
  }

  // A signed request; signs in first where that is needed.
  async call<T>(method: Call['method'], path: string, body?: string, json = true): Promise<T> {
    const key = await this.requestKey()
    try {
      return await this.#send<T>(method, path, key, body, json)
    } catch (error) {
      if (!(error instanceof ServiceError) || error.status !== 401) throw error
      await this.forget()
      return this.#send<T>(method, path, await this.requestKey(), body, json)
    }
  }

  // A request that is its own authority: a statement, an answer to an invitation.
  send<T>(method: Call['method'], path: string, body: string): Promise<T> {
    return call<T>({ server: this.server, method, path, body, json: false })
  }

  async requestKey(): Promise<KeptRequestKey> {
    this.#kept ??= await requestKeys.get(this.identity)
    if (this.#kept && this.#kept.until - RENEW_BEFORE_MS > Date.now()) return this.#kept
    this.#signingIn ??= this.#signIn().finally(() => { this.#signingIn = undefined })
    return this.#signingIn
  }

  async forget(): Promise<void> {
    this.#kept = undefined
    await requestKeys.forget(this.identity)
  }

  #send<T>(method: Call['method'], path: string, kept: KeptRequestKey, body: string | undefined, json: boolean): Promise<T> {
    return call<T>({ server: this.server, method, path, json, key: requestKeyOf(kept), ...(body === undefined ? {} : { body }) })
  }

  async #signIn(): Promise<KeptRequestKey> {
    const { identity } = this
    const base = `/v1/orgs/${identity.org}`
    const { nonce } = await call<{ nonce: Nonce }>({ server: this.server, method: 'POST', path: `${base}/nonce` })
    const { key, privateKey } = await generateEd25519()
    const at = Date.now()
    const until = at + VALID_MS
    const proof = await proveSignIn({ server: this.server, org: identity.org as OrgId, nonce, request_key: key, at, until }, signerOf(identity))
    await call({ server: this.server, method: 'POST', path: `${base}/sign-in`, body: proof.text(), json: false })
    const kept = { keyid: key.id, public: key.bytes, privateKey, until }
    this.#kept = kept
    await requestKeys.keep(identity, kept)
    return kept
  }
}

export function requestKeyOf(kept: { keyid: string; privateKey: CryptoKey }): RequestKey {
  return {
    keyid: kept.keyid,
    sign: async (message) => new Uint8Array(await crypto.subtle.sign({ name: 'Ed25519' }, kept.privateKey, new Uint8Array(message))),
  }
}

// The request key as a signer of socket proofs.
export function socketSigner(kept: KeptRequestKey): Signer & { keyid: KeyId } {
  const key = PublicKey.parse('ed25519', kept.public, undefined, [])
  return { ...ed25519Signer(key, kept.privateKey), keyid: key.id }
}
