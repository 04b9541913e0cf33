// What an X server shows, read by the protocol itself (X Window System Protocol, X11 release 6.8, sections 8 and "GetImage").
import { createConnection } from 'node:net'

const GET_IMAGE = 73
const Z_PIXMAP = 2
const HEADER_BYTES = 54

// Takes the pieces of a socket in the sizes that the protocol names.
class Reader {
  #pieces = []
  #length = 0
  #wake = () => undefined
  #error

  constructor(socket) {
    socket.on('data', (piece) => {
      this.#pieces.push(piece)
      this.#length += piece.length
      this.#wake()
    })
    const fail = (error) => { this.#error = error ?? new Error('the X server closed the connection'); this.#wake() }
    socket.on('error', fail)
    socket.on('close', () => fail())
  }

  async take(length) {
    while (this.#length < length) {
      if (this.#error) throw this.#error
      await new Promise((resolve) => { this.#wake = resolve })
    }
    const all = Buffer.concat(this.#pieces)
    this.#pieces = [all.subarray(length)]
    this.#length -= length
    return all.subarray(0, length)
  }
}

function rootOf(setup) {
  const vendorLength = setup.readUInt16LE(16)
  const formats = setup[21]
  const screen = 32 + Math.ceil(vendorLength / 4) * 4 + 8 * formats
  return { root: setup.readUInt32LE(screen), width: setup.readUInt16LE(screen + 20), height: setup.readUInt16LE(screen + 22) }
}

function getImage({ root, width, height }) {
  const request = Buffer.alloc(20)
  request.writeUInt8(GET_IMAGE, 0)
  request.writeUInt8(Z_PIXMAP, 1)
  request.writeUInt16LE(5, 2)
  request.writeUInt32LE(root, 4)
  request.writeUInt16LE(width, 12)
  request.writeUInt16LE(height, 14)
  request.writeUInt32LE(0xffffffff, 16)
  return request
}

// A bitmap file has the X server's own order of bytes: blue, green, red, nothing; here from the top row down.
function bitmap({ width, height }, pixels) {
  const header = Buffer.alloc(HEADER_BYTES)
  header.write('BM')
  header.writeUInt32LE(HEADER_BYTES + pixels.length, 2)
  header.writeUInt32LE(HEADER_BYTES, 10)
  header.writeUInt32LE(40, 14)
  header.writeInt32LE(width, 18)
  header.writeInt32LE(-height, 22)
  header.writeUInt16LE(1, 26)
  header.writeUInt16LE(32, 28)
  return Buffer.concat([header, pixels])
}

// The picture of the display `:number`, as a bitmap file.
export async function pictureOf(number) {
  const socket = createConnection(`/tmp/.X11-unix/X${number}`)
  try {
    const reader = new Reader(socket)
    socket.write(Buffer.from([0x6c, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
    const head = await reader.take(8)
    const rest = await reader.take(4 * head.readUInt16LE(6))
    if (head[0] !== 1) throw new Error(`the X server lets nobody in: ${rest}`)
    const screen = rootOf(Buffer.concat([head, rest]).subarray(8))
    socket.write(getImage(screen))
    const reply = await reader.take(32)
    if (reply[0] !== 1) throw new Error(`the X server refuses its picture with error ${reply[1]}`)
    const pixels = await reader.take(4 * reply.readUInt32LE(4))
    return bitmap(screen, pixels.subarray(0, 4 * screen.width * screen.height))
  } finally {
    socket.destroy()
  }
}
