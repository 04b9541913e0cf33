// Why a channel is dead, and how a session ended.

/** The channel is dead; nothing that comes on it later counts. */
export class ChannelError extends Error {
  constructor(
    readonly code:
      | 'handshake'
      | 'tampered'
      | 'frame'
      | 'mux'
      | 'message'
      | 'early'
      | 'unexpected'
      | 'revocations'
      | 'late'
      | 'unread'
      | 'arriving'
      | 'lost',
    message: string,
  ) {
    super(message)
  }
}

/** A message was not taken for sending. Nothing was queued; the channel goes on. */
export class SendError extends Error {
  constructor(
    readonly code: 'full' | 'too_long' | 'too_many_ids' | 'not_open' | 'no_session',
    message: string,
  ) {
    super(message)
  }
}

/** How a session ended; told exactly once, as the last event. */
export type End =
  | { readonly how: 'refused' | 'closed'; readonly code: string; readonly text: string }
  | { readonly how: 'bye' }
  | { readonly how: 'failed'; readonly error: ChannelError }
