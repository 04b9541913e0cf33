// What waits for the signatures of further admins, in words.
import { useState } from 'preact/hooks'
import { Button, Note, Tag } from '../../ui/parts'
import { day } from '../../ui/time'
import { sentence, toast } from '../../ui/toast'
import type { Account } from '../account'
import type { Delivered } from '../delivery'
import type { DraftView } from '../model'

export function Drafts(props: { account: Account }) {
  const drafts = props.account.drafts.waiting.value
  return (
    <>
      <h2>Waiting for signatures of admins</h2>
      {drafts.length === 0 && <p class="muted">Nothing.</p>}
      {drafts.map((draft) => <Draft key={draft.id} account={props.account} draft={draft} />)}
    </>
  )
}

function Draft(props: { account: Account; draft: DraftView }) {
  const { account, draft } = props
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState('')
  const act = async (what: () => Promise<Delivered | undefined>) => {
    setBusy(true)
    setTrouble('')
    try {
      const delivered = await what()
      if (delivered) toast(delivered.text, delivered.tone)
    } catch (error) {
      setTrouble(sentence(error))
    }
    setBusy(false)
  }
  const passkey = account.identity.holder.kind === 'passkey'
  return (
    <section class="card stack" aria-label={`Draft: ${draft.title}`}>
      <div class="row between">
        <h3>{draft.title}</h3>
        <span class="row"><span class="small muted">until {day(draft.expires)}</span><Tag tone={draft.dead ? 'bad' : 'warn'}>{draft.dead ? 'will not count' : `${draft.signed.length} of ${draft.need} signed`}</Tag></span>
      </div>
      <dl class="facts">
        {draft.lines.flatMap(([head, text], at) => [<dt key={`head ${at}`}>{head}</dt>, <dd key={`text ${at}`}>{text}</dd>])}
        <dt>Signed by</dt><dd>{draft.signed.join(', ')}</dd>
      </dl>
      {draft.dead && <Note tone="warn">{draft.dead} {draft.again ? 'It can be made anew, with all signatures.' : 'Discard it, and begin again.'}</Note>}
      {trouble && <Note tone="bad">{trouble}</Note>}
      <div class="row">
        {!draft.dead && (!draft.mine || draft.complete) && <Button tone="primary" busy={busy} onClick={() => void act(() => account.cosign(draft))} aria-label={`Sign ${draft.title}`}>{draft.complete ? 'Hand over' : passkey ? 'Sign with passkey' : 'Sign'}</Button>}
        {!draft.dead && draft.mine && !draft.complete && <span class="muted grow">You signed it. Another admin has to sign it: here, or with <code>wayleave org cosign {draft.id}</code></span>}
        {draft.again && <Button tone="primary" busy={busy} onClick={() => void act(() => account.draftAgain(draft))} aria-label={`Make anew: ${draft.title}`}>Make anew</Button>}
        <Button tone="quiet" class="risky" disabled={busy} onClick={() => void act(() => account.drafts.discard(draft.id).then(() => undefined))} aria-label={`Discard ${draft.title}`}>Discard</Button>
      </div>
    </section>
  )
}
