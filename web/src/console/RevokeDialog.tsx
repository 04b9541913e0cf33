// Before a key is revoked for good: what breaks without it.
import { useMemo, useState } from 'preact/hooks'
import { Button, Dialog, Field, Note } from '../ui/parts'
import { sentence, toast } from '../ui/toast'
import type { Account } from './account'
import { Effects } from './Effects'

export function RevokeDialog(props: { account: Account; keyid: string; name: string; onClose: () => void }) {
  const { account, keyid, name, onClose } = props
  const [reason, setReason] = useState('')
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState('')
  const effects = useMemo(() => account.effectsOf(keyid), [account, keyid])
  const revoke = async () => {
    setBusy(true)
    try {
      const { text, tone } = await account.revokeKey(keyid, reason)
      toast(text, tone)
      onClose()
    } catch (error) {
      setTrouble(sentence(error))
      setBusy(false)
    }
  }
  return (
    <Dialog title={`Revoke the key of ${name}`} onClose={onClose} onSubmit={() => { if (!busy && reason.trim()) void revoke() }}
      foot={<><Button onClick={onClose}>Cancel</Button><Button tone="danger" type="submit" busy={busy} disabled={!reason.trim()}>Revoke for good</Button></>}>
      <p>Sessions of this key close at once, on every device. A revoked key never counts again: a new one has to be made.</p>
      {effects.length > 0 && <Note tone={effects.some((e) => e.breaks) ? 'warn' : 'plain'}><Effects account={account} effects={effects} /></Note>}
      <Field label="Reason"><input class="input" autofocus maxLength={200} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></Field>
      {trouble && <Note tone="bad">{trouble}</Note>}
    </Dialog>
  )
}
