// From when on a page says that a recovery may take effect: never later than what anybody saw.
import { readFileSync } from 'node:fs'
import { beforeAll, describe, expect, it } from 'vitest'
import { recoveriesOf } from '../src/console/recovery'
import { type Checkpoint, Note, State, utf8 } from '../src/trust'

// The vectors are plain JSON.
type Any = any

const stories: Any[] = JSON.parse(readFileSync(new URL('../../vectors/ledger.json', import.meta.url), 'utf8'))
const story = stories.find((s) => s.name === 'what shows that a recovery has waited')
const DELAY = 3 * 86_400_000

function memory() {
  const kept = new Map<string, string>()
  return { getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, value: string) => void kept.set(name, value) }
}

describe('a recovery that waits', () => {
  let state: State
  let begun: Checkpoint
  const now: number = story.now

  beforeAll(async () => {
    state = await State.genesis(story.org, utf8(story.genesis))
    await state.append(utf8(story.steps[0].leaf))
    const last = JSON.parse(Buffer.from(JSON.parse(story.steps.findLast((s: Any) => s.outcome === 'counts').leaf).payload, 'base64url').toString())
    begun = await Note.parse(story.org, last.say.recover.begun).verify(story.org, state.roster)
  })

  const seen = (at: number): Checkpoint => ({ head: state.head, witnessed: begun.witnessed.map(([index]) => [index, at] as const) })
  const from = (checkpoint: Checkpoint | undefined, kept = memory()) => recoveriesOf(state, checkpoint, '', kept)[0]?.notBefore

  it('counts from its author’s word until all witnesses were seen, and from the earlier of both then', () => {
    expect(from(undefined)).toBe(now + DELAY)
    expect(from(seen(now - 5_000))).toBe(now - 5_000 + DELAY)
    expect(from(seen(now + 5_000))).toBe(now + DELAY)
    const part = { head: state.head, witnessed: [[0, now - 5_000] as const] }
    expect(from(part)).toBe(now + DELAY)
  })

  it('does not begin anew with each checkpoint', () => {
    const kept = memory()
    const first = now - 9_000
    expect(from(seen(first), kept)).toBe(first + DELAY)
    expect(from(seen(now - 1_000), kept)).toBe(first + DELAY)
    expect(from(undefined, kept)).toBe(first + DELAY)
  })

  it('does not count from a checkpoint of another ledger', () => {
    expect(from({ ...seen(now - 5_000), head: { size: 1, root: state.rootAt(1)! } })).toBe(now + DELAY)
  })

  it('names the new administrators, and lets none of two veto alone', () => {
    const [admin] = state.roster.admins
    expect(recoveriesOf(state, undefined, admin!.key.id, memory())[0]?.vetoedByOne).toBe(false)
    expect(recoveriesOf(state, undefined, '', memory())[0]?.admins).toHaveLength(1)
  })
})
