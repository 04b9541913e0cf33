// One end of the relay: proves who it is, waits for the other end, then carries whole binary messages.
import { ed25519Signer, type Nonce, type OrgId, proveSocket, PublicKey } from '../trust'
import type { Transport } from '../session'
import type { Start } from './messages'

type FromRelay = { hello: { nonce: string } } | { paired: object } | { error: { code: string; text: string } }

export interface Relay extends Transport {
  onMessage: (bytes: Uint8Array<ArrayBuffer>) => void
  onClose: (why: string) => void
}

const JOIN_MS_MAX = 20_000

// Resolves when both ends are there.
export function joinRelay(start: Start): Promise<Relay> {
  const socket = new WebSocket(`${start.server.replace(/^http/, 'ws')}/v1/relay/${start.session}`)
  socket.binaryType = 'arraybuffer'
  let why = ''
  const relay: Relay = {
    send: (message) => socket.send(message),
    get buffered() {
      return socket.bufferedAmount
    },
    close: () => socket.close(),
    onMessage: () => undefined,
    onClose: () => undefined,
  }
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => {
      socket.close()
      reject(new Error('The workstation did not answer the call. It may just have lost its network; try again.'))
    }, JOIN_MS_MAX)
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data !== 'string') return relay.onMessage(new Uint8Array(data))
      const message = JSON.parse(data) as FromRelay
      if ('hello' in message) void prove(start, message.hello.nonce).then((proof) => socket.send(JSON.stringify({ proof })))
      else if ('error' in message) why = message.error.text
      else if ('paired' in message) {
        clearTimeout(late)
        resolve(relay)
      }
      return undefined
    }
    socket.onclose = (event) => {
      clearTimeout(late)
      const text = why || event.reason || 'The connection to the service was lost.'
      reject(new Error(text))
      relay.onClose(text)
    }
  })
}

async function prove(start: Start, nonce: string): Promise<string> {
  const key = PublicKey.parse('ed25519', start.requestKey.public, undefined, [])
  const payload = { server: start.server, org: start.org as OrgId, purpose: 'relay' as const, session: start.session, nonce: nonce as Nonce, at: Date.now() }
  return (await proveSocket(payload, ed25519Signer(key, start.requestKey.privateKey))).text()
}
