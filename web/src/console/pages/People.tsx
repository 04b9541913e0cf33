// Who may act: admins and technicians with their keys, and people who were invited.
import { useState } from 'preact/hooks'
import { Button, Dialog, Empty, Field, Note, Page, Tag, Words } from '../../ui/parts'
import { sentence, toast } from '../../ui/toast'
import { day } from '../../ui/time'
import type { Account } from '../account'
import type { InviteView, PersonView } from '../model'
import { RevokeDialog } from '../RevokeDialog'

export function People(props: { account: Account }) {
  const { account } = props
  const [inviting, invite] = useState(false)
  const [admitting, admit] = useState<InviteView | null>(null)
  const [revoking, revoke] = useState<PersonView | null>(null)
  const admin = account.identity.role === 'admin'
  const open = account.invites.value.filter((i) => i.state === 'open' || i.state === 'answered')
  return (
    <Page title="People" lead="Keys that the organisation’s ledger admits" actions={admin && <Button tone="primary" onClick={() => invite(true)}>Invite a technician</Button>}>
      {open.length > 0 && <Invitations invites={open} onAdmit={admit} />}
      {account.people.value.length === 0 ? <Empty title="Nobody yet" /> : (
        <div class="table-wrap">
          <table class="table">
            <thead><tr><th>Name</th><th>Role</th><th>Groups</th><th>Key</th><th>Until</th><th><span class="visually-hidden">Actions</span></th></tr></thead>
            <tbody>
              {account.people.value.map((person) => (
                <tr key={person.keyid}>
                  <td><strong>{person.name}</strong> {person.me && <Tag>this key</Tag>}</td>
                  <td>{person.role}</td>
                  <td class="muted">{person.groups.join(', ') || '—'}</td>
                  <td><KeyTag person={person} /></td>
                  <td class="muted nowrap">{person.until ? day(person.until) : '—'}</td>
                  <td style={{ textAlign: 'right' }}>
                    {person.standing === 'in_force' ? (admin || person.me) && <Button tone="quiet" class="risky" onClick={() => revoke(person)} aria-label={`Revoke ${person.name}`}>Revoke</Button> : <Tag tone="bad">{person.standing}</Tag>}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {inviting && <InviteDialog account={account} onClose={() => invite(false)} />}
      {admitting && <AdmitDialog account={account} invite={admitting} onClose={() => admit(null)} />}
      {revoking && <RevokeDialog account={account} keyid={revoking.keyid} name={revoking.name} onClose={() => revoke(null)} />}
    </Page>
  )
}

function KeyTag(props: { person: PersonView }) {
  if (props.person.held === 'native') return <Tag>command line</Tag>
  if (props.person.held === 'ed25519') return <Tag tone="warn">software key</Tag>
  return <Tag tone="good">passkey</Tag>
}

function Invitations(props: { invites: InviteView[]; onAdmit: (invite: InviteView) => void }) {
  return (
    <section class="card stack" aria-label="Invitations">
      <h2>Invitations</h2>
      {props.invites.map((invite) => (
        <div class="row between" key={invite.invite}>
          <span>{invite.answer ? <><strong>{invite.answer.name}</strong> answered: <Words words={invite.answer.words} /></> : <>{invite.note || 'An invitation'}: not answered yet</>}</span>
          {invite.answer ? <Button tone="primary" onClick={() => props.onAdmit(invite)}>Compare and admit</Button> : <span class="muted small">open until {day(invite.expires)}</span>}
        </div>
      ))}
    </section>
  )
}

function InviteDialog(props: { account: Account; onClose: () => void }) {
  const [note, setNote] = useState('')
  const [link, setLink] = useState('')
  const [trouble, setTrouble] = useState('')
  const make = () => props.account.invite(note).then(setLink, (error: unknown) => setTrouble(sentence(error)))
  return (
    <Dialog title="Invite a technician" onClose={props.onClose} onSubmit={() => { if (!link) void make() }}
      foot={link ? <Button onClick={props.onClose}>Done</Button> : <><Button onClick={props.onClose}>Cancel</Button><Button tone="primary" type="submit">Make the link</Button></>}>
      {link ? (
        <>
          <p>Send this link. Whoever opens it makes a key there and both of you see six words: admit the key only if they are the same.</p>
          <div class="row tight">
            <input class="input mono" readOnly value={link} aria-label="Invitation link" onFocus={(e) => e.currentTarget.select()} />
            <Button tone="primary" onClick={() => void copy(link)}>Copy</Button>
          </div>
        </>
      ) : <Field label="Who is it for" hint="Your own reminder; the service sees it."><input class="input" autofocus maxLength={200} value={note} onInput={(e) => setNote(e.currentTarget.value)} /></Field>}
      {trouble && <Note tone="bad">{trouble}</Note>}
    </Dialog>
  )
}

async function copy(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text)
    toast('Copied', 'good')
  } catch {
    toast('The browser does not let this page write the clipboard. Select the link and copy it by hand.', 'bad')
  }
}

function AdmitDialog(props: { account: Account; invite: InviteView; onClose: () => void }) {
  const longest = props.account.witnessed.value ? 365 : 30
  const [role, setRole] = useState<'technician' | 'admin'>('technician')
  const [groups, setGroups] = useState('helpdesk')
  const [days, setDays] = useState(Math.min(90, longest))
  const [compared, setCompared] = useState(false)
  const [busy, setBusy] = useState(false)
  const [trouble, setTrouble] = useState('')
  const { answer } = props.invite
  if (!answer) return null
  const admit = async () => {
    setBusy(true)
    try {
      const { text, tone } = await (role === 'admin' ? props.account.admitAdmin(props.invite) : props.account.admitTechnician(props.invite, groups.split(/[\s,]+/).filter(Boolean), days))
      toast(text, tone)
      props.onClose()
    } catch (error) {
      setTrouble(sentence(error))
      setBusy(false)
    }
  }
  return (
    <Dialog title={`Admit ${answer.name}`} onClose={props.onClose} onSubmit={() => { if (compared && !busy) void admit() }}
      foot={<><Button onClick={props.onClose}>Cancel</Button><Button tone="primary" type="submit" busy={busy} disabled={!compared}>Sign and admit</Button></>}>
      <Note>
        <p>{answer.name} must see the same six words:</p>
        <p style={{ fontSize: '17px' }}><Words words={answer.words} /></p>
      </Note>
      {answer.held === 'ed25519' && <Note tone="warn">This is a software key: it is as safe as that person’s browser profile.</Note>}
      <fieldset class="checks">
        <legend>As</legend>
        <label class="check"><input type="radio" name="role" checked={role === 'technician'} onChange={() => setRole('technician')} /><span>Technician</span></label>
        <label class="check"><input type="radio" name="role" checked={role === 'admin'} onChange={() => setRole('admin')} /><span>Admin</span></label>
      </fieldset>
      {role === 'admin' && <Note tone="warn">An admin revokes everything alone, and gives power with as many others as the organisation asks for.</Note>}
      {role === 'technician' && <Field label="Groups"><input class="input" value={groups} onInput={(e) => setGroups(e.currentTarget.value)} /></Field>}
      {role === 'technician' && <Field label="Days" hint={longest === 30 ? 'Without witnesses 30 days at most.' : 'After that the key must be admitted again.'}><input class="input" type="number" min={1} max={longest} value={days} onInput={(e) => setDays(e.currentTarget.valueAsNumber || 1)} /></Field>}
      <label class="check"><input type="checkbox" checked={compared} onChange={(e) => setCompared(e.currentTarget.checked)} /><span>We compared the words, by voice or in person</span></label>
      {trouble && <Note tone="bad">{trouble}</Note>}
    </Dialog>
  )
}
