// Requests signed as RFC 9421 describes, with the request key of a sign-in. The key never leaves the browser.
export interface RequestKey {
  keyid: string
  sign(message: Uint8Array): Promise<Uint8Array>
}

// What the service refused, in its own words.
export class ServiceError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    text: string,
  ) {
    super(text)
  }
}

const COMPONENTS = '("@method" "@authority" "@target-uri" "content-digest")'
const VALID_SECONDS = 60
const encoder = new TextEncoder()

export interface Call {
  server: string
  method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  path: string
  body?: string
  json?: boolean
  key?: RequestKey
}

export async function call<T>(request: Call): Promise<T> {
  const url = request.server + request.path
  const body = request.body ?? ''
  const headers: Record<string, string> = {}
  if (request.body !== undefined) headers['content-type'] = request.json === false ? 'application/octet-stream' : 'application/json'
  if (request.key) Object.assign(headers, await signatureHeaders(request.method, url, encoder.encode(body), request.key))
  let response: Response
  try {
    response = await fetch(url, { method: request.method, headers, ...(request.body === undefined ? {} : { body }), cache: 'no-store', credentials: 'omit', redirect: 'error' })
  } catch {
    throw new ServiceError(0, 'unreachable', `The service at ${request.server} does not answer. Check the network, then try again.`)
  }
  const text = await response.text()
  if (!response.ok) throw refused(response.status, text)
  return (text === '' ? undefined : JSON.parse(text)) as T
}

export async function signatureHeaders(method: string, url: string, body: Uint8Array<ArrayBuffer>, key: RequestKey, created = Math.floor(Date.now() / 1000)) {
  const digest = `sha-256=:${base64(new Uint8Array(await crypto.subtle.digest('SHA-256', body)))}:`
  const nonce = base64(crypto.getRandomValues(new Uint8Array(16))).replace(/\+/g, '-').replace(/\//g, '_').replace(/=+$/, '')
  const parameters = `${COMPONENTS};created=${created};expires=${created + VALID_SECONDS};nonce="${nonce}";keyid="${key.keyid}";tag="wayleave"`
  const base = [
    `"@method": ${method}`,
    `"@authority": ${new URL(url).host}`,
    `"@target-uri": ${url}`,
    `"content-digest": ${digest}`,
    `"@signature-params": ${parameters}`,
  ].join('\n')
  const signature = await key.sign(encoder.encode(base))
  return { 'content-digest': digest, 'signature-input': `wayleave=${parameters}`, signature: `wayleave=:${base64(signature)}:` }
}

function refused(status: number, text: string): ServiceError {
  try {
    const { error } = JSON.parse(text) as { error: { code: string; text: string } }
    return new ServiceError(status, error.code, error.text)
  } catch {
    return new ServiceError(status, 'unexpected', `The service answered ${status} without a reason.`)
  }
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
}
