// One device's receipts as this browser checks them: signatures, numbers, chain, and what is known beyond what is there.
import {
  type Beat, type Body, boundsWords, ChainCheck, type ChainHead, type ChainVerdict, Envelope, type Fault, fromB64u, type KeyId, openBody, type OpeningKey,
  openingKeyFromSecret, type OrgId, type PublicKey, type Receipt, type State, verifyBeat,
} from '../trust'

/** One receipt; `body` where the audit key opened it. */
export interface ReceiptLine {
  readonly receipt: Receipt
  readonly body: Body | undefined
}

export interface DeviceReceipts {
  /** Newest first. */
  readonly lines: readonly ReceiptLine[]
  readonly verdict: ChainVerdict
  /** The device's newest beat, if the service has one that verifies. */
  readonly beat: Beat | undefined
  /** What the service handed out that is none of the device's: a sentence. */
  readonly altered: string | undefined
}

/** An answer of `GET /v1/orgs/{org}/receipts`. */
export interface ReceiptsPage {
  have: number
  receipts: string[]
  beat?: string
}

type Fetch = (from: number) => Promise<ReceiptsPage>
type Kept = Pick<Storage, 'getItem' | 'setItem'>

/** Reads all of a device's receipts, and remembers the newest, so that a service that drops it later is seen. */
export async function readReceipts(org: OrgId, device: PublicKey, fetch: Fetch, audit: OpeningKey | undefined, kept: Kept): Promise<DeviceReceipts> {
  const check = new ChainCheck(org, device)
  const lines: ReceiptLine[] = []
  let altered: string | undefined
  let page = await fetch(1)
  for (let from = 1; page.receipts.length > 0 && altered === undefined; page = await fetch(from)) {
    for (const text of page.receipts) {
      try {
        const receipt = await check.take(Envelope.parse(text))
        lines.unshift({ receipt, body: audit && (await openBody(audit, receipt).catch(() => undefined)) })
      } catch (error) {
        altered = `After receipt ${lines[0]?.receipt.n ?? 0} the service hands out what the device did not sign: ${error instanceof Error ? error.message : String(error)}`
        break
      }
    }
    from += page.receipts.length
    if (from > page.have) break
  }
  const beat = page.beat === undefined ? undefined : await verifyBeat(org, device, Envelope.parse(page.beat)).catch(() => undefined)
  const known = remembered(kept, org, device.id)
  const verdict = check.finish([...(known ? [known] : []), ...(beat ? [beat.head] : [])], page.have)
  if (altered === undefined && verdict.faults.length === 0) kept.setItem(name(org, device.id), JSON.stringify(verdict.newest))
  return { lines, verdict, beat, altered }
}

const name = (org: OrgId, device: KeyId): string => `wayleave.receipts.${org}.${device}`

function remembered(kept: Kept, org: OrgId, device: KeyId): ChainHead | undefined {
  try {
    const head = JSON.parse(kept.getItem(name(org, device)) ?? 'null') as ChainHead | null
    return head && typeof head.n === 'number' && typeof head.hash === 'string' && head.n > 0 ? head : undefined
  } catch {
    return undefined
  }
}

/** The audit key from the backup of the console, or from its secret alone; throws a sentence where it is not this organisation's. */
export async function auditKeyFrom(text: string, state: State): Promise<OpeningKey> {
  const secret = secretIn(text.trim())
  if (!secret) throw new Error('This holds no audit secret. It is the line audit_secret of the backup file, or 43 letters of its own.')
  const key = await openingKeyFromSecret(secret)
  if (key.public !== state.roster.audit_key) throw new Error('This audit key is another organisation’s, or the roster names a newer one.')
  return key
}

function secretIn(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    const found: unknown = text.startsWith('{') ? (JSON.parse(text) as { audit_secret?: unknown }).audit_secret : text
    const secret = typeof found === 'string' ? fromB64u(found) : undefined
    return secret?.length === 32 ? secret : undefined
  } catch {
    return undefined
  }
}

/** What is wrong with a chain, for people. */
export function faultText(fault: Fault): string {
  if ('gap' in fault) {
    const { from, to } = fault.gap
    return from === to ? `Receipt ${from} is missing.` : `Receipts ${from} to ${to} are missing.`
  }
  if ('fork' in fault) return `At receipt ${fault.fork.at} there are two histories: the device’s directory was copied, or its key.`
  return `UNKNOWN: the device has told of ${fault.unknown.told} receipts, and the service hands out ${fault.unknown.after}.`
}

/** The opened receipts as CSV (RFC 4180). A cell that a spreadsheet would compute begins with an apostrophe. */
export function asCsv(lines: readonly ReceiptLine[]): string {
  const cell = (value: string | number): string => {
    const text = String(value)
    return `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
  }
  const rows = [...lines].reverse().map(({ receipt, body }) => [
    receipt.n, new Date(receipt.at).toISOString(), receipt.ev, receipt.count ?? 1, body?.name ?? '', body?.by ?? '', body?.attended ?? receipt.attended ?? '',
    body?.scopes.join(' ') ?? '', body?.why ?? '', body?.ticket ?? '', body?.policy ?? '', body?.approvers.join(' ') ?? '', body?.outcome?.code ?? '', body?.outcome?.text ?? '',
    body?.scopes.flatMap((scope) => boundsWords(body.bounds, scope)?.replace(/^/, `${scope} `) ?? []).join('; ') ?? '',
  ])
  const head = ['n', 'at', 'event', 'count', 'name', 'key', 'attended', 'scopes', 'why', 'ticket', 'policy', 'approvers', 'outcome', 'said', 'bounds']
  return [head, ...rows].map((row) => row.map((value) => cell(String(value))).join(',')).join('\r\n') + '\r\n'
}
