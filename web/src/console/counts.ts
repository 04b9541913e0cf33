// Witnesses' counts of a warrant, where the policy that covers it asks for them: every witness that counts is asked at once,
// and enough of them is enough.
import { type Facts, judge, Refusal, showForeign, utf8 } from '../trust'
import { asSentence } from '../ui/text'

const WITNESS_WAIT_MS = 5000
const ANSWER_CHARS_MAX = 16 * 1024

/** What a witness said instead. */
class NotCounted extends Error {}

/** The counts that the workstation will ask for; none where no policy asks for them. */
export async function collectCounts(facts: Facts, warrant: string): Promise<string[]> {
  const counts: string[] = []
  const lacks = () => lacksCounts({ ...facts, counts }, warrant)
  if (!(await lacks())) return counts
  const witnesses = facts.state.roster.witnesses.filter((w) => w.holds_revocations && w.url)
  const refusals: string[] = []
  // Witnesses come one by one; each that comes may be the last that was lacking.
  const waiting = new Map(witnesses.map((witness) => {
    const asked = ask(`${witness.url}/v1/orgs/${facts.state.org}/counts`, warrant)
    return [witness.name, asked.then((count) => ({ name: witness.name, count }), (why: unknown) => ({ name: witness.name, why }))]
  }))
  while (waiting.size > 0) {
    const answer = await Promise.race(waiting.values())
    waiting.delete(answer.name)
    if ('count' in answer) counts.push(answer.count)
    else refusals.push(`The witness ${answer.name}: ${answer.why instanceof NotCounted ? answer.why.message : 'it does not answer.'}`)
    if (!(await lacks())) return counts
  }
  throw new Error(['Too few witnesses counted this opening, and the policy asks for it.', ...refusals].map(asSentence).join(' '))
}

// Whether counts are all that is missing; anything else is for the workstation to say.
async function lacksCounts(facts: Facts, warrant: string): Promise<boolean> {
  try {
    await judge(facts, utf8(warrant))
    return false
  } catch (error) {
    return error instanceof Refusal && (error.code === 'uncounted' || error.code === 'too_many_devices')
  }
}

async function ask(url: string, warrant: string): Promise<string> {
  const request = { method: 'POST', body: warrant, signal: AbortSignal.timeout(WITNESS_WAIT_MS), credentials: 'omit' } as const
  const answer = await fetch(url, request)
  const text = await answer.text()
  const said = (text.length > ANSWER_CHARS_MAX ? {} : JSON.parse(text)) as { count?: unknown; error?: { text?: unknown } }
  if (answer.ok && typeof said.count === 'string') return said.count
  throw new NotCounted(typeof said.error?.text === 'string' ? showForeign(said.error.text, 300) : 'its answer cannot be read.')
}
