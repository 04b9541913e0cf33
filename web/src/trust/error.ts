/** A named refusal: `code` is the same as the workstation's, `message` a sentence for the person who gets it. */
export class TrustError extends Error {
  constructor(
    readonly code: string,
    message: string,
  ) {
    super(message)
  }
}
