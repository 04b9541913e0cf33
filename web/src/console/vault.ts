// What this browser keeps, in IndexedDB: identities with non-extractable keys, the ledgers it folded, and what it signed.
// Ledgers only grow: a service that later serves less is caught by what is kept here.
import type { KeyJson } from '../api/types'
import type { OpeningKey } from '../trust'

export interface Identity {
  org: string
  server: string
  role: 'admin' | 'technician'
  key: KeyJson
  keyid: string
  holder: KeyHolder
  // The member's own name and the salt that opens its commitment.
  name: string
  salt: string
  person: string
  // X25519: the directory key is sealed to it.
  directoryTo: OpeningKey
  created: number
}

// Where the signing key is: in a passkey, or in this browser as a non-extractable Ed25519 key.
export type KeyHolder =
  | { kind: 'passkey'; credential: Uint8Array<ArrayBuffer>; rp: string }
  | { kind: 'software'; privateKey: CryptoKey }

// A channel key lives as long as its warrant, so that a reload can resume the session.
export interface KeptWarrant {
  id: string
  org: string
  device: string
  envelope: string
  noise: { publicKey: Uint8Array<ArrayBuffer>; privateKey: CryptoKey }
  until: number
  // The workstation opened it, so that it resumes without a new count by the witnesses.
  counted?: boolean
}

const STORES = ['identities', 'ledgers', 'requests', 'signed', 'warrants'] as const
type Store = (typeof STORES)[number]

let opened: Promise<IDBDatabase> | undefined

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open('wayleave', 1)
    request.onupgradeneeded = () => {
      for (const store of STORES) request.result.createObjectStore(store)
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(new Error('This browser does not let Wayleave keep keys (IndexedDB is off, or this is a private window).'))
  })
  return opened
}

async function run<T>(store: Store, mode: IDBTransactionMode, act: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const transaction = (await open()).transaction(store, mode, { durability: 'strict' })
  const request = act(transaction.objectStore(store))
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(request.result)
    transaction.onabort = () => reject(new Error(`This browser could not keep what it must remember: ${transaction.error?.message ?? 'the disk may be full'}.`))
  })
}

const put = (store: Store, key: string, value: unknown) => run(store, 'readwrite', (s) => s.put(value, key))
const get = <T>(store: Store, key: string) => run(store, 'readonly', (s) => s.get(key) as IDBRequest<T | undefined>)
const all = <T>(store: Store) => run(store, 'readonly', (s) => s.getAll() as IDBRequest<T[]>)
const drop = (store: Store, key: string) => run(store, 'readwrite', (s) => s.delete(key))

export const identities = {
  all: () => all<Identity>('identities'),
  keep: (identity: Identity) => put('identities', `${identity.org}/${identity.keyid}`, identity),
  forget: (identity: Identity) => drop('identities', `${identity.org}/${identity.keyid}`),
}

export interface KeptLedger {
  leaves: string[]
  checkpoint?: string
}

export const ledgers = {
  get: (org: string) => get<KeptLedger>('ledgers', org),
  keep: (org: string, ledger: KeptLedger) => put('ledgers', org, ledger),
}

export interface KeptRequestKey {
  keyid: string
  public: Uint8Array<ArrayBuffer>
  privateKey: CryptoKey
  until: number
}

export const requestKeys = {
  get: (identity: Identity) => get<KeptRequestKey>('requests', `${identity.org}/${identity.keyid}`),
  keep: (identity: Identity, key: KeptRequestKey) => put('requests', `${identity.org}/${identity.keyid}`, key),
  forget: (identity: Identity) => drop('requests', `${identity.org}/${identity.keyid}`),
}

// Statements this browser signed, kept until the ledger carries them: «not sequenced» is shown, never forgotten.
export interface SignedStatement {
  org: string
  id: string
  envelope: string
  what: string
  at: number
  // Taking power waits for nobody: it also goes to the witnesses.
  revokes: boolean
}

export const signed = {
  all: () => all<SignedStatement>('signed'),
  keep: (statement: SignedStatement) => put('signed', statement.id, statement),
  forget: (id: string) => drop('signed', id),
}

export const warrants = {
  all: () => all<KeptWarrant>('warrants'),
  keep: (warrant: KeptWarrant) => put('warrants', warrant.id, warrant),
  forget: (id: string) => drop('warrants', id),
}
