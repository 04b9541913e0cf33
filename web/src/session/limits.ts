// Every bound of the channel, on one page: the same numbers as `crates/wire/src/limits.rs`.

import { WITNESSES_MAX } from '../trust/limits'
import type { Stream } from './frame'

const KIB = 1024
const MIB = 1024 * KIB

/** Largest Noise message, in bytes (Noise Protocol Framework, revision 34, section 3). */
export const NOISE_MESSAGE_BYTES_MAX = 65_535
/** The AES-GCM tag at the end of every Noise message, in bytes. */
export const TAG_BYTES = 16
/** Largest frame: what a Noise message can carry, in bytes. */
export const FRAME_BYTES_MAX = NOISE_MESSAGE_BYTES_MAX - TAG_BYTES
/** Stream, id and flags in front of every frame, in bytes. */
export const FRAME_HEAD_BYTES = 4
/** Largest payload of a frame that is accepted, in bytes. */
export const FRAME_PAYLOAD_BYTES_MAX = FRAME_BYTES_MAX - FRAME_HEAD_BYTES
/** Where a sender cuts, in bytes: a key press waits at most this long behind anything else. */
export const FRAME_CUT_BYTES = 16 * KIB

/** ML-KEM-768 encapsulation key, in bytes (FIPS 203, table 3). */
export const ENCAPSULATION_KEY_BYTES = 1184
/** ML-KEM-768 ciphertext, in bytes (FIPS 203, table 3). */
export const CIPHERTEXT_BYTES = 1088
/** Noise message 1: ephemeral key, sealed static key, sealed encapsulation key. */
export const MESSAGE_1_BYTES = 32 + 32 + TAG_BYTES + ENCAPSULATION_KEY_BYTES + TAG_BYTES
/** The device's answer: ciphertext in clear, ephemeral key, tag of the empty payload. */
export const MESSAGE_2_BYTES = CIPHERTEXT_BYTES + 32 + TAG_BYTES

/** Most displays whose messages may be under way at once. */
export const DISPLAYS_MAX = 8
/** Most live ids of files, and of shell. */
export const LIVE_IDS_MAX = 16
/** Most messages that wait to be sent on one id before `send` refuses. */
export const QUEUE_MESSAGES_MAX = 4096

/** Longest time from the first byte to a finished handshake, and from there to `head`, in milliseconds. */
export const HANDSHAKE_MS_MAX = 10_000
/** Longest time from `open`, or from the last moment of `asking`, to the verdict, in milliseconds. */
export const JUDGE_MS_MAX = 30_000

/** Longest time that is waited for the person at the machine, in milliseconds. */
export const ASKING_MS_MAX = 600_000

/** Most envelopes in one `revocations` message; a sender with more sends several. */
export const REVOCATIONS_PER_MESSAGE_MAX = 16
/** Most envelopes of revocations taken from a peer over the life of one channel. */
export const REVOCATIONS_PER_CHANNEL_MAX = 10_000
/** Most counts beside a warrant: one of each witness that a roster can name. */
export const COUNTS_MAX = WITNESSES_MAX
/** Most scopes in `opened`. */
export const SCOPES_MAX = 16
/** Longest `code` of a refusal or an end, in bytes. */
export const CODE_BYTES_MAX = 64
/** Longest sentence of a refusal, an end or an error, in bytes. */
export const SENTENCE_BYTES_MAX = 1024
/** Longest host name, in bytes. */
export const HOSTNAME_BYTES_MAX = 255

/** Longest text typed in one input message, in bytes. */
export const INPUT_TEXT_BYTES_MAX = 4096
/** Longest clipboard text, in bytes. */
export const CLIPBOARD_TEXT_BYTES_MAX = MIB
/** Longest chat line, in bytes. */
export const CHAT_TEXT_BYTES_MAX = 4096
/** Longest path of a file, in bytes. */
export const PATH_BYTES_MAX = 4096
/** Longest name of one directory entry, in bytes. */
export const FILE_NAME_BYTES_MAX = 255
/** Most entries of one page of a directory listing. */
export const ENTRIES_MAX = 64
/** Largest piece of a file or of a terminal's output in one message, in bytes. */
export const DATA_BYTES_MAX = 32 * KIB
/** Most columns or rows of a terminal. */
export const TERMINAL_CELLS_MAX = 2000
/** Longest terminal type, in bytes. */
export const TERMINAL_TYPE_BYTES_MAX = 64
/** Longest command line of a shell, in bytes. */
export const COMMAND_BYTES_MAX = 16 * KIB

/** Sealed bytes handed to the transport and not yet gone: more is sealed only below this, so that a key press stays quick. */
export const TRANSPORT_BUFFER_BYTES_MAX = 64 * KIB
/** Frames sealed at once; their order on the wire holds. */
export const SEALED_AT_ONCE_MAX = 4
/** Sealed bytes that have come and are not yet opened, at most. */
export const ARRIVING_BYTES_MAX = 64 * MIB

/** Largest whole message of a stream, in bytes, put together from its frames. */
export const MESSAGE_BYTES_MAX: Record<Stream, number> = {
  control: 2 * MIB,
  screen: 8 * MIB,
  input: 1 + INPUT_TEXT_BYTES_MAX,
  clipboard: 6 * CLIPBOARD_TEXT_BYTES_MAX + 64,
  chat: 6 * CHAT_TEXT_BYTES_MAX + 64,
  files: 128 * KIB,
  shell: 128 * KIB,
}

/** Most bytes that wait to be sent on one id of a stream before `send` refuses. */
export const QUEUE_BYTES_MAX: Record<Stream, number> = {
  control: 16 * MIB,
  screen: 16 * MIB,
  input: 64 * KIB,
  clipboard: 2 * MESSAGE_BYTES_MAX.clipboard,
  chat: 256 * KIB,
  files: 512 * KIB,
  shell: 512 * KIB,
}

/** Credit of one id in each direction, in bytes, frame heads included; 0 for streams that need none. */
export const WINDOW_BYTES: Record<Stream, number> = {
  control: 0,
  screen: 0,
  input: 0,
  clipboard: 0,
  chat: 0,
  files: 2 * MIB,
  shell: 256 * KIB,
}

/** Consumed credit is given back once it reaches this, in bytes. */
export const windowReportBytes = (stream: Stream): number => WINDOW_BYTES[stream] / 4
