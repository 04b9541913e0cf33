//! Every bound of the channel, on one page. `web/src/session/limits.ts` holds the same numbers.

use crate::frame::Stream;

/// Largest Noise message, in bytes (Noise Protocol Framework, revision 34, section 3).
pub const NOISE_MESSAGE_BYTES_MAX: usize = 65_535;
/// The AES-GCM tag at the end of every Noise message, in bytes.
pub const TAG_BYTES: usize = 16;
/// Largest frame: what a Noise message can carry, in bytes.
pub const FRAME_BYTES_MAX: usize = NOISE_MESSAGE_BYTES_MAX - TAG_BYTES;
/// Stream, id and flags in front of every frame, in bytes.
pub const FRAME_HEAD_BYTES: usize = 4;
/// Largest payload of a frame that is accepted, in bytes.
pub const FRAME_PAYLOAD_BYTES_MAX: usize = FRAME_BYTES_MAX - FRAME_HEAD_BYTES;
/// Where a sender cuts, in bytes: a key press waits at most this long behind anything else.
pub const FRAME_CUT_BYTES: usize = 16 * 1024;

/// ML-KEM-768 encapsulation key, in bytes (FIPS 203, table 3).
pub const ENCAPSULATION_KEY_BYTES: usize = 1184;
/// ML-KEM-768 ciphertext, in bytes (FIPS 203, table 3).
pub const CIPHERTEXT_BYTES: usize = 1088;
/// Noise message 1: ephemeral key, sealed static key, sealed encapsulation key.
pub const MESSAGE_1_BYTES: usize = 32 + 32 + TAG_BYTES + ENCAPSULATION_KEY_BYTES + TAG_BYTES;
/// The device's answer: ciphertext in clear, ephemeral key, tag of the empty payload.
pub const MESSAGE_2_BYTES: usize = CIPHERTEXT_BYTES + 32 + TAG_BYTES;

/// Most live ids of files, and of shell.
pub const LIVE_IDS_MAX: usize = 16;
/// Most displays whose messages may be under way at once.
pub const DISPLAYS_MAX: u16 = 8;
/// Most messages that wait to be sent on one id before `send` refuses.
pub const QUEUE_MESSAGES_MAX: usize = 4096;
/// Most events that may wait to be taken; the program takes them all after each message.
pub const EVENTS_MAX: usize = 64;

/// Longest time from the first byte to a finished handshake, in milliseconds.
pub const HANDSHAKE_MS_MAX: u64 = 10_000;
/// Longest time from `head` to `open`, in milliseconds: a person touches his passkey in between.
pub const OPEN_MS_MAX: u64 = 120_000;
/// Longest time from `open`, or from the last moment of `asking`, to the verdict, in milliseconds.
pub const JUDGE_MS_MAX: u64 = 30_000;

/// Most envelopes in one `revocations` message; a sender with more sends several.
pub const REVOCATIONS_PER_MESSAGE_MAX: usize = 16;
/// Most envelopes of revocations taken from a peer over the life of one channel.
pub const REVOCATIONS_PER_CHANNEL_MAX: usize = 10_000;
/// Most counts beside a warrant: one of each witness that a roster can name.
pub const COUNTS_MAX: usize = trust::limits::WITNESSES_MAX;
/// Most scopes in `opened`.
pub const SCOPES_MAX: usize = 16;
/// Longest `code` of a refusal or an end, in bytes.
pub const CODE_BYTES_MAX: usize = 64;
/// Longest sentence of a refusal, an end or an error, in bytes.
pub const SENTENCE_BYTES_MAX: usize = 1024;
/// Longest host name, in bytes.
pub const HOSTNAME_BYTES_MAX: usize = 255;

/// Longest text typed in one input message, in bytes.
pub const INPUT_TEXT_BYTES_MAX: usize = 4096;
/// Longest clipboard text, in bytes.
pub const CLIPBOARD_TEXT_BYTES_MAX: usize = 1024 * 1024;
/// Longest chat line, in bytes.
pub const CHAT_TEXT_BYTES_MAX: usize = 4096;
/// Longest path of a file, in bytes.
pub const PATH_BYTES_MAX: usize = 4096;
/// Longest name of one directory entry, in bytes.
pub const FILE_NAME_BYTES_MAX: usize = 255;
/// Most entries of one page of a directory listing.
pub const ENTRIES_MAX: usize = 64;
/// Largest piece of a file or of a terminal's output in one message, in bytes.
pub const DATA_BYTES_MAX: usize = 32 * 1024;
/// Most columns or rows of a terminal.
pub const TERMINAL_CELLS_MAX: u16 = 2000;
/// Longest terminal type, in bytes.
pub const TERMINAL_TYPE_BYTES_MAX: usize = 64;
/// Longest command line of a shell, in bytes.
pub const COMMAND_BYTES_MAX: usize = 16 * 1024;
/// Largest integer that JSON carries exactly in every reader (2^53 - 1).
pub const INTEGER_MAX: u64 = (1 << 53) - 1;

/// Largest whole message of a stream, in bytes, put together from its frames.
pub const fn message_bytes_max(stream: Stream) -> usize {
    match stream {
        // sixteen envelopes of 64 KiB, their quotes escaped
        Stream::Control => 2 * 1024 * 1024,
        Stream::Screen => 8 * 1024 * 1024,
        Stream::Input => 1 + INPUT_TEXT_BYTES_MAX,
        // a text of control characters grows sixfold in JSON
        Stream::Clipboard => 6 * CLIPBOARD_TEXT_BYTES_MAX + 64,
        Stream::Chat => 6 * CHAT_TEXT_BYTES_MAX + 64,
        Stream::Files | Stream::Shell => 128 * 1024,
    }
}

/// Most bytes that wait to be sent on one id of a stream before `send` refuses.
pub const fn queue_bytes_max(stream: Stream) -> usize {
    match stream {
        Stream::Control => 16 * 1024 * 1024,
        Stream::Screen => 16 * 1024 * 1024,
        Stream::Input => 64 * 1024,
        Stream::Clipboard => 2 * message_bytes_max(Stream::Clipboard),
        Stream::Chat => 256 * 1024,
        Stream::Files | Stream::Shell => 512 * 1024,
    }
}

/// Credit of one id in each direction, in bytes, frame heads included; 0 for streams that need none.
pub const fn window_bytes(stream: Stream) -> u32 {
    match stream {
        Stream::Files => 2 * 1024 * 1024,
        Stream::Shell => 256 * 1024,
        _ => 0,
    }
}

/// Consumed credit is given back once it reaches this, in bytes.
pub const fn window_report_bytes(stream: Stream) -> u32 {
    window_bytes(stream) / 4
}

// Credit comes back for whole messages: the largest must fit into what is left while the rest is not yet reported.
const _: () = {
    let frames = message_bytes_max(Stream::Shell) / FRAME_CUT_BYTES + 1;
    let largest = message_bytes_max(Stream::Shell) + frames * FRAME_HEAD_BYTES;
    assert!(largest <= (window_bytes(Stream::Shell) - window_report_bytes(Stream::Shell)) as usize);
};
