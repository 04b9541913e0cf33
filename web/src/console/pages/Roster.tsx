// Who gives power: further admins, and how many of them it takes.
import { useState } from 'preact/hooks'
import { Button, Dialog, Field, Note } from '../../ui/parts'
import { sentence, toast } from '../../ui/toast'
import type { Account } from '../account'
import type { Delivered } from '../delivery'
import type { OrgFacts } from '../views'

interface Props {
  account: Account
  facts: OrgFacts
  onClose: () => void
}

function useSigning(onClose: () => void) {
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState('')
  const sign = async (act: () => Promise<Delivered>) => {
    setBusy(true)
    setTrouble('')
    try {
      const { text, tone } = await act()
      toast(text, tone)
      onClose()
    } catch (error) {
      setTrouble(sentence(error))
      setBusy(false)
    }
  }
  return { busy, trouble, sign }
}

export function ChangeThreshold(props: Props) {
  const { account, facts } = props
  const [threshold, setThreshold] = useState(Math.min(facts.threshold + 1, facts.admins))
  const { busy, trouble, sign } = useSigning(props.onClose)
  const need = Math.max(threshold, facts.threshold)
  return (
    <Dialog title="Change the threshold" onClose={props.onClose} onSubmit={() => { if (!busy) void sign(() => account.setThreshold(threshold)) }}
      foot={<><Button onClick={props.onClose}>Cancel</Button><Button tone="primary" type="submit" busy={busy} disabled={threshold === facts.threshold}>Sign</Button></>}>
      <Field label="Admins that give power" hint={`Of ${facts.admins} persons; now ${facts.threshold}. Each of them alone can always take power.`}>
        <input class="input" type="number" autofocus required min={1} max={facts.admins} value={threshold} onInput={(e) => setThreshold(e.currentTarget.valueAsNumber || 1)} />
      </Field>
      {need > 1 && <Note>{need} admins have to sign this change. It waits for them as a draft.</Note>}
      {threshold === facts.admins && threshold > 1 && <Note tone="warn">If one of the {facts.admins} loses every key, nobody can admit anything any more.</Note>}
      {trouble && <Note tone="bad">{trouble}</Note>}
    </Dialog>
  )
}

export function AddAdmin(props: Props) {
  const { account } = props
  const [person, setPerson] = useState('')
  const [name, setName] = useState('')
  const [key, setKey] = useState('')
  const { busy, trouble, sign } = useSigning(props.onClose)
  return (
    <Dialog title="Add an admin" onClose={props.onClose} onSubmit={() => { if (!busy) void sign(() => account.addAdmin({ person: person.trim(), name: name.trim(), key })) }}
      foot={<><Button onClick={props.onClose}>Cancel</Button><Button tone="primary" type="submit" busy={busy} disabled={!person.trim() || !key.trim()}>Sign</Button></>}>
      <p>The new admin pins the organisation on his computer, runs <code>wayleave key new</code>, and gives you the line behind “Public”, in person or by a way you trust.</p>
      <Field label="Name" hint="Sealed: members read it, the service does not."><input class="input" autofocus maxLength={200} value={name} onInput={(e) => setName(e.currentTarget.value)} /></Field>
      <Field label="Person" hint="A short word of a-z, 0-9, dot, dash. Two keys of one person count once; everybody can read it."><input class="input" required pattern="[a-z0-9._\-]{1,64}" value={person} onInput={(e) => setPerson(e.currentTarget.value)} /></Field>
      <Field label="Public key"><input class="input mono" required value={key} onInput={(e) => setKey(e.currentTarget.value)} /></Field>
      <Note tone="warn">An admin can revoke everything alone, and gives power {props.facts.threshold === 1 ? 'alone' : `with ${props.facts.threshold - 1} others`}.</Note>
      {trouble && <Note tone="bad">{trouble}</Note>}
    </Dialog>
  )
}
