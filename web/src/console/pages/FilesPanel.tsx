// Files of the workstation: walk, fetch, put.
import { useEffect, useRef, useState } from 'preact/hooks'
import { Button, Note } from '../../ui/parts'
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
  const [transfers, setTransfers] = useState<Transfer[]>([])
  const picker = useRef<HTMLInputElement>(null)
  const last = useRef(0)

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

  return (
    <aside class="panel" aria-label="Files" onDragOver={(e) => e.preventDefault()} onDrop={(e) => { e.preventDefault(); putFiles(e.dataTransfer?.files ?? null) }}>
      <div class="panel-head"><h2>Files</h2><Button tone="quiet" aria-label="Close files" onClick={props.onClose}>×</Button></div>
      <div class="panel-body">
        <nav class="crumbs" aria-label="Folder">
          <Button tone="quiet" onClick={() => setPath([])}>Home</Button>
          {path.map((part, at) => <Button tone="quiet" key={`${at}${part}`} onClick={() => setPath(path.slice(0, at + 1))}>/ {part}</Button>)}
        </nav>
        {scopes.includes('files_write') && <>
          <input ref={picker} type="file" multiple hidden onChange={(e) => { putFiles(e.currentTarget.files); e.currentTarget.value = '' }} />
          <Button onClick={() => picker.current?.click()}>Put files here… or drop them</Button>
        </>}
        {transfers.map((t) => <label key={t.id} class="small">{t.name}<progress max={t.total || 1} value={t.done} /></label>)}
        {trouble && <Note tone="bad">{trouble}</Note>}
        {!scopes.includes('files_read') && <p class="muted">The warrant does not allow to look at files.</p>}
        {entries?.length === 0 && <p class="muted">This folder is empty.</p>}
        <div>{entries?.map((entry) => <Entry key={entry.name} entry={entry} onOpen={() => (entry.kind === 'folder' ? setPath([...path, entry.name]) : void fetchFile(entry.name))} />)}</div>
      </div>
    </aside>
  )
}

function Entry(props: { entry: FileEntry; onOpen: () => void }) {
  const { entry } = props
  const usable = entry.kind === 'folder' || entry.kind === 'file'
  const icon = entry.kind === 'folder' ? '📁' : entry.kind === 'file' ? '📄' : '🔗'
  return (
    <div class="file-row">
      <Button tone="quiet" disabled={!usable} title={usable ? entry.name : 'Only files and folders can be opened'} onClick={props.onOpen}><span aria-hidden="true">{icon}</span> {entry.name}</Button>
      <span class="muted small">{entry.kind === 'file' ? size(entry.size) : ''}</span>
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
