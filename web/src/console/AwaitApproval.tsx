// Waiting for others: the warrant is signed, and connects by itself as soon as their signatures are on it.
import { useEffect, useState } from 'preact/hooks'
import type { Approvals } from '../trust'
import { Button, Dialog, Note, Tag } from '../ui/parts'
import { left, useNow } from '../ui/time'
import { sentence, toast } from '../ui/toast'
import type { Account } from './account'
import type { AskedView } from './model'
import { go } from './router'
import { approversOf } from './views'

// Who may approve, and how many of them it takes.
export function WhoIsAsked(props: { account: Account; asks: Approvals }) {
  const { asks } = props
  const names = approversOf(props.account.people.value, asks.approvers)
  const others = asks.need === 1 ? 'one other person' : `${asks.need} other persons`
  if (names.length < asks.need - asks.have) {
    return <Note tone="warn">The policy asks for the approval of {others} of the group <strong>{asks.approvers}</strong>, and nobody else is in it. An admin has to admit somebody.</Note>
  }
  return (
    <Note live>
      <strong>{asks.need === 1 ? 'One' : asks.need} of these must approve:</strong> {names.join(', ')}. They read this warrant as it stands here.
      {asks.independent && ' One approval must not be made on a vendor’s page.'}
    </Note>
  )
}

// It has what it needs: nobody else has to look at it.
export function enter(account: Account, warrant: string): void {
  go(`/session/${warrant}`)
  account.approvals.withdraw(warrant).catch((error: unknown) => toast(sentence(error), 'bad'))
}

export function AwaitApproval(props: { account: Account; warrant: string; onClose: () => void }) {
  const { account, warrant } = props
  const [trouble, setTrouble] = useState('')
  const asked = account.approvals.mine.value.find((a) => a.id === warrant)
  useEffect(() => { if (asked?.ready) enter(account, warrant) }, [asked?.ready])
  const waits = asked !== undefined && canStillBeApproved(account, asked)
  const cancel = async () => {
    try {
      await account.approvals.withdraw(warrant)
      props.onClose()
    } catch (error) {
      setTrouble(sentence(error))
    }
  }
  return (
    <Dialog title={`Waiting for approval${asked ? `: ${asked.deviceName}` : ''}`} onClose={() => { if (asked) void cancel(); else props.onClose() }}
      foot={asked ? <>{waits && <span class="grow small muted">It connects by itself. Cancel takes the request back.</span>}<Button onClick={() => void cancel()}>{waits ? 'Cancel' : 'Close'}</Button></> : <Button onClick={props.onClose}>Close</Button>}>
      {asked ? <Progress account={account} asked={asked} /> : <Note tone="warn">The request is over: its time ended, or it was withdrawn elsewhere.</Note>}
      {trouble && <Note tone="bad">{trouble}</Note>}
    </Dialog>
  )
}

// Those who may approve and have neither approved nor refused.
function stillAsked(account: Account, asked: AskedView): string[] {
  const answered = [...asked.approved, ...asked.refused.map(({ who }) => who)]
  return approversOf(account.people.value, asked.lacks?.approvers ?? '').filter((name) => !answered.includes(name))
}

const canStillBeApproved = (account: Account, asked: AskedView): boolean =>
  asked.lacks === undefined || stillAsked(account, asked).length >= asked.lacks.need - asked.lacks.have

// How far a request has come.
export function Progress(props: { account: Account; asked: AskedView }) {
  const { asked } = props
  const now = useNow()
  const { lacks } = asked
  const waits = lacks !== undefined && canStillBeApproved(props.account, asked)
  return (
    <div class="stack">
      <div class="row" role="status">
        {waits && <span class="spinner" aria-hidden="true" />}
        <span class="grow">{waits ? <>{lacks.have} of {lacks.need} approved. Asked: {stillAsked(props.account, asked).join(', ')}</> : asked.ready ? 'Approved' : <strong>Not approved: nothing opens.</strong>}</span>
        <Tag tone={asked.until - now < 60_000 ? 'warn' : 'plain'}>{left(asked.until - now)} left</Tag>
      </div>
      {asked.approved.map((who) => <Note tone="good" key={who}><strong>{who}</strong> approved.</Note>)}
      {asked.refused.map(({ who, why }) => <Note tone="bad" key={who}><strong>{who} refused:</strong> {why ? `“${why}”` : 'the reason cannot be read.'}</Note>)}
      {asked.trouble && <Note tone="bad">{asked.trouble}</Note>}
    </div>
  )
}
