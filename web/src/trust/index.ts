// The trust core in the browser: the same rules as crates/trust, leaf for leaf. No page, no framework, no network.

export { type Bounds, anyOf, boundsFault, boundsWords, isBeneath, isPath, isUnbound, isUser, noBounds } from './bounds'
export * from './bytes'
export { type Checkpoint, Note, checkpointOrigin } from './checkpoint'
export { type Counted, countsNeeded, countsThatHold } from './count'
export { Envelope, type PayloadType, type Signature, type Signed, challengeOf, pae, payloadTypeName } from './envelope'
export { TrustError } from './error'
export { type Outage, Stale, hasNoSpareWitness, outageOf, staleness, witnessedTime } from './freshness'
export { type Effect, type HeldBy, type Listed, OFFICES, type Office, Survey, expiryWarning, keysOf } from './inventory'
export { type Facts, Refusal, type RefusalCode, type Verdict, judge } from './judge'
export { type Approvals, type Foreseen, foresee, lacking, lackingOf } from './judge/approval'
export { type Asked, Uncounted, Uncovered, findCover, grantedOf, span } from './judge/cover'
export { type Explanation, type Weighed, type Wish, explain, remedyOf } from './judge/explain'
export * from './key'
export * as limits from './limits'
export { type AssertionResponse, passkeySigner, signatureParts, verifyPasskey } from './passkey'
export * from './proof'
export { type Body, type ChainHead, type Event, NO_RECEIPT, type Receipt, follow, openBody, receipt } from './receipt'
export { type Beat, ChainCheck, type ChainVerdict, type Fault, type Reach, reachOf, verifyBeat } from './receipt-check'
export { SCOPES, type Scope, isScopeList, scopeSentence } from './scope'
export * from './seal'
export { admitFault, personsOf, policyFault, rosterFault } from './shape'
export * from './sign'
export { type Entry, type Held, HoldError, Inert, type NotInForce, type Outcome, type Pending, type PolicyEntry, State, begunAt, waitedAt } from './state'
export {
  type Admin,
  type Admit,
  type ConsoleOrigin,
  type DirectoryShare,
  type Hours,
  type Owner,
  type Policy,
  type Recover,
  type Recovery,
  type Revoke,
  type Role,
  type Roster,
  type Say,
  type Seen,
  type Statement,
  type Subject,
  type Target,
  type WitnessEntry,
  adminOf,
  hoursContain,
  originOwner,
  recoveryKeyOf,
  recoveryNeed,
  statement,
} from './statement'
export { isHost, isLine, isName, isOrigin, showForeign } from './text'
export { Tree } from './tree'
export { type OpenedName, type Warrant, nameCommitment, signWarrant, warrant, warrantFault } from './warrant'
export { wordsOf } from './words'
