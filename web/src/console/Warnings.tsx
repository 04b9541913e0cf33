// Stands above every page while witnesses are missing, and while keys are about to expire.
import { useState } from 'preact/hooks'
import { hasNoSpareWitness, outageOf } from '../trust'
import { Button, Note } from '../ui/parts'
import { ago, clock, useNow } from '../ui/time'
import type { Account } from './account'
import { expiring, isPutAway, putAway } from './inventory'

const NAMED_MAX = 4

export function Warnings(props: { account: Account }) {
  const { account } = props
  return account.ready.value ? <><Outage account={account} />{account.identity.role === 'admin' && <Expiring account={account} />}</> : null
}

function Outage(props: { account: Account }) {
  const { account } = props
  const now = useNow()
  const { state, checkpoint } = account.ledger
  // Without a connection nobody knows whether there is a newer checkpoint.
  const outage = account.status.value === 'live' && state && checkpoint ? outageOf(state, checkpoint, now) : undefined
  if (!outage || !state) return null
  const { since, refusedFrom } = outage
  return (
    <div class="page" style={{ marginBottom: '16px' }}>
      <Note tone="warn" live>
        <strong>{since === undefined ? 'Too few witnesses have vouched for the newest ledger.' : `No quorum of witnesses has vouched for the ledger since ${clock(since)} (${ago(since, now)}).`}</strong>{' '}
        Open sessions pause, {refusedFrom !== undefined && refusedFrom > now ? `and from ${clock(refusedFrom)} on they end and unattended ones are refused.` : 'and unattended ones are refused.'}{' '}
        {hasNoSpareWitness(state) && <NoSpare witnesses={state.roster.witnesses.length} />}
      </Note>
    </div>
  )
}

export function NoSpare(props: { witnesses: number }) {
  return <>The quorum takes {props.witnesses === 1 ? 'the only witness' : `all ${props.witnesses} witnesses`}: while one is away, nothing is fresh. Two of three are better.</>
}

function Expiring(props: { account: Account }) {
  const { account } = props
  const [away, setAway] = useState(isPutAway(localStorage, account.identity.org, Date.now()))
  const groups = expiring(account.keys.value)
  if (away || groups.length === 0) return null
  const dismiss = () => {
    putAway(localStorage, account.identity.org, Date.now())
    setAway(true)
  }
  return (
    <div class="page" style={{ marginBottom: '16px' }}>
      <Note>
        <div class="row tight" role="status">
          <span class="grow">
            {groups.map(({ days, names }) => (
              <span key={days}><strong>{names.length === 1 ? '1 key expires' : `${names.length} keys expire`} within {days === 1 ? 'a day' : `${days} days`}:</strong> {names.slice(0, NAMED_MAX).join(', ')}{names.length > NAMED_MAX && ` and ${names.length - NAMED_MAX} more`}. </span>
            ))}
          </span>
          <a href="/keys">Look</a>
          <Button tone="quiet" onClick={dismiss}>Not today</Button>
        </div>
      </Note>
    </div>
  )
}
