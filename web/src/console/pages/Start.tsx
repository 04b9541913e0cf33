// Before there is an identity: create an organisation, answer an invitation, or pick one of the identities kept here.
import { useEffect, useState } from 'preact/hooks'
import { Button, Field, Note, Words } from '../../ui/parts'
import { sentence } from '../../ui/toast'
import { answerInvitation, type Answered, createOrganisation, type Created, type CreateForm } from '../beginnings'
import { follow, go } from '../router'
import type { Identity } from '../vault'

export function Welcome(props: { identities: Identity[]; onPick: (identity: Identity) => void }) {
  return (
    <main class="centre" onClick={follow}>
      <div class="card stack">
        <div class="row"><img src="/icon.svg" alt="" width="32" height="32" /><h1>Wayleave</h1></div>
        {props.identities.length > 0 && <>
          <p>Continue as</p>
          {props.identities.map((identity) => (
            <Button key={identity.keyid} class="pick" onClick={() => props.onPick(identity)}><strong class="grow">{identity.name}</strong><span class="small muted">{identity.role}, {identity.org.slice(0, 8)}</span></Button>
          ))}
        </>}
        {props.identities.length === 0 && <p>Remote support that only opens what your own admins allow. This browser holds no key yet.</p>}
        <div class="row"><a class={`button ${props.identities.length === 0 ? 'primary' : ''}`} href="/create">Create an organisation</a></div>
        <p class="muted small">Invited? Open the link you were sent in this browser.</p>
      </div>
    </main>
  )
}

export function Create(props: { onReady: (identity: Identity) => void }) {
  const [form, setForm] = useState<CreateForm>({ name: '', domain: '', person: '', owner: undefined, key: 'passkey', noSecondKey: false })
  const [step, setStep] = useState<'form' | 'busy' | 'done'>('form')
  const [trouble, setTrouble] = useState('')
  const [created, setCreated] = useState<Created | null>(null)
  const [saved, setSaved] = useState(false)
  const change = (part: Partial<CreateForm>) => setForm({ ...form, ...part })
  const create = async (event: Event) => {
    event.preventDefault()
    setStep('busy')
    setTrouble('')
    try {
      setCreated(await createOrganisation(form))
      setStep('done')
    } catch (error) {
      setTrouble(sentence(error))
      setStep('form')
    }
  }
  if (created) return <CreatedCard created={created} saved={saved} onSaved={setSaved} onDone={() => props.onReady(created.identity)} />
  return (
    <main class="centre">
      <form class="card stack" onSubmit={create}>
        <h1>Create an organisation</h1>
        <Field label="Name" hint="Shown to end users."><input class="input" required autofocus maxLength={200} value={form.name} onInput={(e) => change({ name: e.currentTarget.value })} /></Field>
        <Field label="Domain" hint="Shown to end users beside the name, for example it.example.org."><input class="input" required value={form.domain} onInput={(e) => change({ domain: e.currentTarget.value.trim().toLowerCase() })} /></Field>
        <Field label="Your name" hint="Colleagues and end users read it. The service stores only a seal of it."><input class="input" required maxLength={200} value={form.person} onInput={(e) => change({ person: e.currentTarget.value })} /></Field>
        <fieldset class="checks" style={{ gridTemplateColumns: '1fr' }}>
          <legend>Who runs the web server of this page ({location.origin})?</legend>
          <label class="check"><input type="radio" name="owner" required checked={form.owner === 'customer'} onChange={() => change({ owner: 'customer' })} /><span><strong>My organisation</strong>, or this is <code>wayleave console</code> on my own machine</span></label>
          <label class="check"><input type="radio" name="owner" checked={form.owner === 'vendor'} onChange={() => change({ owner: 'vendor' })} /><span><strong>A vendor.</strong> Then admin keys are not made here</span></label>
        </fieldset>
        {form.owner === 'vendor' && <Note tone="bad">Whoever serves this page’s code decides what your key signs. Run <code>wayleave console</code> on your own machine and create the organisation there.</Note>}
        <fieldset class="checks" style={{ gridTemplateColumns: '1fr' }}>
          <legend>Admin key</legend>
          <label class="check"><input type="radio" name="key" checked={form.key === 'passkey'} onChange={() => change({ key: 'passkey' })} /><span><strong>Passkey</strong>: security key, phone or this computer’s unlock</span></label>
          <label class="check"><input type="radio" name="key" checked={form.key === 'software'} onChange={() => change({ key: 'software' })} /><span><strong>Software key</strong> in this browser, marked as such: as safe as this browser profile</span></label>
        </fieldset>
        <label class="check"><input type="checkbox" checked={form.noSecondKey} onChange={(e) => change({ noSecondKey: e.currentTarget.checked })} /><span>Do without a second admin key and recovery keys</span></label>
        {form.noSecondKey && <Note tone="bad">If this one key is lost, nobody can admit, revoke or change anything, and every device must be pinned anew by hand.</Note>}
        {trouble && <Note tone="bad">{trouble}</Note>}
        <div class="row between"><Button onClick={() => go('/')}>Back</Button><Button tone="primary" type="submit" busy={step === 'busy'} disabled={form.owner !== 'customer'}>Create</Button></div>
      </form>
    </main>
  )
}

function CreatedCard(props: { created: Created; saved: boolean; onSaved: (saved: boolean) => void; onDone: () => void }) {
  const { created } = props
  return (
    <main class="centre">
      <div class="card stack">
        <h1>{created.name} exists</h1>
        <dl class="facts"><dt>Organisation id</dt><dd class="mono">{created.identity.org}</dd></dl>
        <p>Agents are installed with this id and the service’s address; both are public.</p>
        {created.backup ? <>
          <Note tone="warn"><strong>Keep this file offline.</strong> It holds a second admin key and the recovery key. Whoever has it can give power in {created.name}.</Note>
          <a class={`button ${props.saved ? '' : 'primary'}`} download={`wayleave-${created.identity.org.slice(0, 8)}-backup.json`} href={created.backup} onClick={() => props.onSaved(true)}>Save the backup keys</a>
        </> : <Note tone="bad">There is no second admin key and no recovery key.</Note>}
        <Button {...(props.saved || !created.backup ? { tone: 'primary' as const } : {})} disabled={Boolean(created.backup) && !props.saved} onClick={props.onDone}>Go to the console</Button>
      </div>
    </main>
  )
}

export function Join(props: { invite: string; org: string; server: string; directory: string; onReady: (identity: Identity) => void }) {
  const [name, setName] = useState('')
  const [key, setKey] = useState<'passkey' | 'software'>('passkey')
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState('')
  const [answered, setAnswered] = useState<Answered | null>(null)
  const answer = async (event: Event) => {
    event.preventDefault()
    setBusy(true)
    setTrouble('')
    try {
      setAnswered(await answerInvitation({ ...props, name, key }))
    } catch (error) {
      setTrouble(sentence(error))
    }
    setBusy(false)
  }
  useEffect(() => {
    if (!answered) return
    let live = true
    answered.admitted.then(() => { if (live) props.onReady(answered.identity) }, (error: unknown) => setTrouble(sentence(error)))
    return () => { live = false }
  }, [answered])
  return (
    <main class="centre">
      <form class="card stack" onSubmit={answer}>
        <h1>Join as a technician</h1>
        {answered ? <>
          <p>Read these six words to the admin who invited you. He sees the same, or somebody is in between.</p>
          <Note><p style={{ fontSize: '20px' }}><Words words={answered.words} /></p></Note>
          <p class="row muted" role="status"><span class="spinner" aria-hidden="true" /> Waiting until you are admitted. You may leave this page open.</p>
        </> : <>
          <Field label="Your name" hint="Colleagues and end users read it. The service stores only a seal of it."><input class="input" required autofocus maxLength={200} value={name} onInput={(e) => setName(e.currentTarget.value)} /></Field>
          <fieldset class="checks" style={{ gridTemplateColumns: '1fr' }}>
            <legend>Your key</legend>
            <label class="check"><input type="radio" name="key" checked={key === 'passkey'} onChange={() => setKey('passkey')} /><span><strong>Passkey</strong>: security key, phone or this computer’s unlock</span></label>
            <label class="check"><input type="radio" name="key" checked={key === 'software'} onChange={() => setKey('software')} /><span><strong>Software key</strong> in this browser, marked as such</span></label>
          </fieldset>
          <Button tone="primary" type="submit" busy={busy}>Make my key</Button>
        </>}
        {trouble && <Note tone="bad">{trouble}</Note>}
      </form>
    </main>
  )
}
