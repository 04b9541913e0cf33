// Files of the workstation: walk, fetch, put.
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon, type IconName } from '../../ui/icons'
import { Button, Loading, Note } from '../../ui/parts'
import { sentence, toast } from '../../ui/toast'
import type { FileEntry } from '../../worker/messages'
import type { Progress, Remote } from '../remote'

interface Transfer extends Progress {
  id: number
  name: string
}

export function FilesPanel(props: { remote: Remote; onClose: () => void }) {
  const { remote } = props
  const scopes = remote.opened.value?.scopes ?? []
  const [path, setPath] = useState<string[]>([])
  const [entries, setEntries] = useState<FileEntry[] | null>(null)
  const [trouble, setTrouble] = useState('')
  const { transfers, track } = useTransfers()
  const [hidden, showHidden] = useState(false)
  const picker = useRef<HTMLInputElement>(null)

  const list = async () => {
    setTrouble('')
    setEntries(null)
    try {
      const found = await remote.list(path.join('/'))
      setEntries(found.sort((a, b) => Number(b.kind === 'folder') - Number(a.kind === 'folder') || a.name.localeCompare(b.name)))
    } catch (error) {
      setTrouble(sentence(error))
    }
  }
  useEffect(() => { if (scopes.includes('files_read')) void list() }, [path])

  const fetchFile = (name: string) => track(name, async (onProgress) => save(name, await remote.get([...path, name].join('/'), onProgress)))
  const putFiles = (files: FileList | null) => {
    for (const file of files ?? []) {
      const exists = entries?.some((e) => e.name === file.name) ?? false
      if (exists && !confirm(`${file.name} exists on the workstation. Replace it?`)) continue
      void track(file.name, async (onProgress) => {
        await remote.put([...path, file.name].join('/'), file, exists, onProgress)
        toast(`${file.name} is on the workstation`, 'good')
        await list()
      })
    }
  }

  const shown = (entries ?? []).filter((entry) => hidden || !entry.name.startsWith('.'))
  return (
    <aside class="panel" aria-label="Files" onDragOver={(e) => e.preventDefault()} onDrop={(e) => { e.preventDefault(); putFiles(e.dataTransfer?.files ?? null) }}>
      <div class="panel-head"><h2>Files</h2><Button tone="quiet" aria-label="Close files" onClick={props.onClose}>×</Button></div>
      <div class="panel-body">
        <nav class="crumbs" aria-label="Folder">
          <Button tone="quiet" onClick={() => setPath([])}>Home</Button>
          {path.map((part, at) => <Button tone="quiet" key={`${at}${part}`} onClick={() => setPath(path.slice(0, at + 1))}>/ {part}</Button>)}
          <label class="check small hidden-files"><input type="checkbox" checked={hidden} onChange={(e) => showHidden(e.currentTarget.checked)} /><span>Hidden files</span></label>
        </nav>
        {scopes.includes('files_write') && <>
          <input ref={picker} type="file" multiple hidden onChange={(e) => { putFiles(e.currentTarget.files); e.currentTarget.value = '' }} />
          <Button class="drop" onClick={() => picker.current?.click()}>Put files here… or drop them</Button>
        </>}
        {transfers.map((t) => <label key={t.id} class="small">{t.name}<progress max={t.total || 1} value={t.done} /></label>)}
        {trouble && <Note tone="bad">{trouble}</Note>}
        {!scopes.includes('files_read') && <p class="muted">The warrant does not allow to look at files.</p>}
        {!entries && !trouble && scopes.includes('files_read') && <Loading what="Reading the folder" />}
        {entries && shown.length === 0 && <p class="muted">{entries.length === 0 ? 'This folder is empty.' : 'This folder holds hidden files only.'}</p>}
        <div>{shown.map((entry) => <Entry key={entry.name} entry={entry} onOpen={() => (entry.kind === 'folder' ? setPath([...path, entry.name]) : void fetchFile(entry.name))} />)}</div>
      </div>
    </aside>
  )
}

// What is under way, each with its progress; a failure is told and forgotten.
function useTransfers() {
  const [transfers, setTransfers] = useState<Transfer[]>([])
  const last = useRef(0)
  const track = async (name: string, act: (onProgress: (p: Progress) => void) => Promise<void>) => {
    const id = ++last.current
    const update = (p: Progress) => setTransfers((all) => [...all.filter((t) => t.id !== id), { id, name, ...p }])
    update({ done: 0, total: 0 })
    try {
      await act(update)
    } catch (error) {
      toast(`${name}: ${sentence(error)}`, 'bad')
    }
    setTransfers((all) => all.filter((t) => t.id !== id))
  }
  return { transfers, track }
}

function Entry(props: { entry: FileEntry; onOpen: () => void }) {
  const { entry } = props
  const usable = entry.kind === 'folder' || entry.kind === 'file'
  const icon: IconName = entry.kind === 'folder' ? 'folder' : entry.kind === 'file' ? 'file' : 'link'
  const about = entry.kind === 'file' ? size(entry.size) : usable ? '' : entry.kind === 'link' ? 'a link, not followed' : 'no plain file'
  return (
    <div class="file-row">
      <Button tone="quiet" disabled={!usable} title={entry.name} onClick={props.onOpen}><Icon name={icon} /><span class="name">{entry.name}</span></Button>
      <span class="muted small nowrap">{about}</span>
      <span class="muted small nowrap">{new Date(entry.modified).toLocaleDateString()}</span>
    </div>
  )
}

function size(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const step = bytes === 0 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${(bytes / 1024 ** step).toFixed(step === 0 ? 0 : 1)} ${units[step]}`
}

function save(name: string, file: Blob): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(file)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
