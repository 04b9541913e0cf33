// The demo's technician, from a seed: what the console derives when it opens the link, and the answer to an invitation
// that an admin admits. Written from docs/warrant.md and docs/protocol.md with nothing but Node's own crypto.
// Reads {"seed","org","origin","name","words"} on standard input, writes {"answer","words","salt","keyid"}.
import { createHash, createPrivateKey, createPublicKey, sign } from 'node:crypto'
import { readFileSync } from 'node:fs'

const TYPE = 'application/vnd.wayleave.invite-answer.1+json'
const PKCS8 = { ed25519: '302e020100300506032b657004220420', x25519: '302e020100300506032b656e04220420' }

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest()
const b64u = (bytes) => Buffer.from(bytes).toString('base64url')

function privateKey(kind, secret) {
  return createPrivateKey({ key: Buffer.concat([Buffer.from(PKCS8[kind], 'hex'), secret]), format: 'der', type: 'pkcs8' })
}

const publicBytes = (key) => Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x, 'base64url')

// Six words, 11 bits each, of the list that Rust and TypeScript read too.
function words(hash, list) {
  const bit = (at) => (hash[at >> 3] >> (7 - (at % 8))) & 1
  const word = (n) => Array.from({ length: 11 }, (_, at) => bit(n * 11 + at)).reduce((number, one) => number * 2 + one, 0)
  return Array.from({ length: 6 }, (_, n) => list[word(n)]).join(' ')
}

const wish = JSON.parse(readFileSync(0, 'utf8'))
const part = (what) => sha256(`wayleave/seed/${what}/1\0`, Buffer.from(wish.seed, 'base64url'))
const signing = privateKey('ed25519', part('sign'))
const publicKey = publicBytes(signing)
const keyid = sha256('wayleave/key/1\0', 'ed25519', '\0', publicKey)
const directoryTo = publicBytes(privateKey('x25519', part('directory')))
const salt = part('salt').subarray(0, 16)
const name = sha256('wayleave/name/1\0', salt, wish.name)

const payload = Buffer.from(JSON.stringify({
  org: wish.org,
  invite: 'by-hand',
  role: 'technician',
  key: { kind: 'ed25519', public: b64u(publicKey), origins: [wish.origin] },
  directory_to: b64u(directoryTo),
  name: b64u(name),
}))
const signed = Buffer.concat([Buffer.from(`DSSEv1 ${TYPE.length} ${TYPE} ${payload.length} `), payload])
const answer = JSON.stringify({
  payloadType: TYPE,
  payload: b64u(payload),
  signatures: [{ keyid: b64u(keyid), sig: b64u(sign(null, signed, signing)) }],
})
const list = readFileSync(wish.words, 'utf8').trim().split('\n')
const compared = words(sha256('wayleave/words/person/1\0', keyid, directoryTo, name), list)
process.stdout.write(JSON.stringify({ answer, words: compared, salt: b64u(salt), keyid: b64u(keyid) }))
