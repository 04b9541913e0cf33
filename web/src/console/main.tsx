// Boots the console: which identity, which page.
import '../ui/theme.css'
import '../ui/ui.css'
import './console.css'
import { signal } from '@preact/signals'
import { render } from 'preact'
import { useEffect } from 'preact/hooks'
import { Button, Loading, Note, Tag } from '../ui/parts'
import { Icon } from '../ui/icons'
import { sentence, Toasts } from '../ui/toast'
import { Account } from './account'
import { findService, identityFromSeed, whereIsTheService } from './beginnings'
import { Approvals } from './pages/Approvals'
import { Devices } from './pages/Devices'
import { Organisation, Sessions } from './pages/Organisation'
import { Keys } from './pages/Keys'
import { People } from './pages/People'
import { Policies } from './pages/Policies'
import { SessionPage } from './pages/Session'
import { Create, Join, Welcome } from './pages/Start'
import { Receipts } from './pages/Receipts'
import { Waiting } from './pages/Waiting'
import { ConfirmationNotice } from './ConfirmationNotice'
import { RecoveryNotices } from './RecoveryNotice'
import { Warnings } from './Warnings'
import { follow, go, path, takeFragment } from './router'
import { identities, type Identity } from './vault'

const account = signal<Account | null>(null)
const known = signal<Identity[] | null>(null)
const trouble = signal('')
const fragment = takeFragment()

const PAGES = [
  { path: '/devices', title: 'Devices', icon: 'devices', admin: false },
  { path: '/waiting', title: 'Waiting', icon: 'waiting', admin: true },
  { path: '/people', title: 'People', icon: 'people', admin: false },
  { path: '/keys', title: 'Keys', icon: 'key', admin: true },
  { path: '/policies', title: 'Policies', icon: 'policies', admin: false },
  { path: '/approvals', title: 'Approvals', icon: 'approvals', admin: false },
  { path: '/sessions', title: 'Sessions', icon: 'sessions', admin: false },
  { path: '/receipts', title: 'Receipts', icon: 'receipts', admin: false },
  { path: '/organisation', title: 'Organisation', icon: 'organisation', admin: false },
] as const

async function boot(): Promise<void> {
  await findService()
  const seed = fragment.get('seed')
  if (seed) {
    const identity = await identityFromSeed(seed, fragment)
    await identities.keep(identity)
    enter(identity)
    return
  }
  const all = (await identities.all()).sort((a, b) => b.created - a.created)
  known.value = all
  if (all.length === 1 && all[0] && !location.pathname.startsWith('/join') && location.pathname !== '/create') enter(all[0])
}

function enter(identity: Identity): void {
  account.value?.close()
  account.value = new Account(identity)
  if (!PAGES.some((p) => p.path === path.value) && !path.value.startsWith('/session/')) go('/devices')
}

function leave(): void {
  account.value?.close()
  account.value = null
  void identities.all().then((all) => { known.value = all })
  go('/')
}

function App() {
  const current = account.value
  if (trouble.value) return <main class="centre"><div class="card"><Note tone="bad">{trouble.value}</Note></div></main>
  if (path.value === '/create') return <Create onReady={enter} />
  if (path.value.startsWith('/join/') && !current) return <Join invite={path.value.slice(6)} org={fragment.get('org') ?? ''} server={fragment.get('server') ?? whereIsTheService()} directory={fragment.get('directory') ?? ''} onReady={enter} />
  if (!current) return known.value ? <Welcome identities={known.value} onPick={enter} /> : <Loading what="Opening" />
  if (path.value.startsWith('/session/')) return <><SessionPage key={path.value} account={current} warrant={path.value.slice(9)} /><Toasts /></>
  return <Shell account={current} />
}

function Shell(props: { account: Account }) {
  const current = props.account
  const admin = current.identity.role === 'admin'
  useEffect(() => { document.title = `${PAGES.find((p) => p.path === path.value)?.title ?? 'Wayleave'} · ${current.orgName.value}` }, [path.value, current.orgName.value])
  const waiting = current.waiting.value.length
  const approvals = current.approvals.forMe.value.length
  const drafts = current.drafts.waiting.value.filter((d) => !d.mine && !d.dead).length
  return (
    <div class="shell" onClick={follow}>
      <nav class="side" aria-label="Main">
        <div class="brand"><img src="/icon.svg" alt="" /><span>{current.orgName.value || 'Wayleave'}</span></div>
        {PAGES.filter((p) => admin || !p.admin).map((p) => (
          <a key={p.path} href={p.path} aria-current={path.value === p.path ? 'page' : undefined}><Icon name={p.icon} /><span class="grow">{p.title}</span><Waits number={p.path === '/waiting' ? waiting : p.path === '/approvals' ? approvals : p.path === '/organisation' ? drafts : 0} /></a>
        ))}
        <div class="foot small">
          <Live account={current} />
          <span><strong>{current.identity.name}</strong><br /><span class="muted">{current.identity.role}</span></span>
          {current.identity.holder.kind === 'software' && <Tag tone="warn">software key</Tag>}
          <Button tone="quiet" onClick={leave}>Switch</Button>
        </div>
      </nav>
      <main class="main">
        {current.trouble.value && <div class="page" style={{ marginBottom: '16px' }}><Note tone="bad">{current.trouble.value} <Button onClick={() => current.retry()}>Try again</Button></Note></div>}
        <RecoveryNotices account={current} />
        <Warnings account={current} />
        <ConfirmationNotice account={current} />
        {current.ready.value ? <CurrentPage account={current} /> : !current.trouble.value && <Loading what="Reading the organisation’s ledger" />}
      </main>
      <Toasts />
    </div>
  )
}

function Waits(props: { number: number }) {
  return props.number > 0 ? <Tag tone="warn"><span class="visually-hidden">, open: </span>{props.number}</Tag> : null
}

function Live(props: { account: Account }) {
  const status = props.account.status.value
  if (props.account.locked.value) return <Tag tone="bad" dot>not let in</Tag>
  if (status === 'live') return <Tag tone="good" dot>live</Tag>
  if (status === 'connecting') return <Tag dot>connecting</Tag>
  return <Tag tone="bad" dot>service out of reach</Tag>
}

function CurrentPage(props: { account: Account }) {
  switch (path.value) {
    case '/waiting': return <Waiting account={props.account} />
    case '/keys': return <Keys account={props.account} />
    case '/people': return <People account={props.account} />
    case '/approvals': return <Approvals account={props.account} />
    case '/policies': return <Policies account={props.account} />
    case '/sessions': return <Sessions account={props.account} />
    case '/receipts': return <Receipts account={props.account} />
    case '/organisation': return <Organisation account={props.account} />
    default: return <Devices account={props.account} />
  }
}

boot().catch((error: unknown) => { trouble.value = sentence(error) })
const root = document.getElementById('app')
if (root) render(<App />, root)
