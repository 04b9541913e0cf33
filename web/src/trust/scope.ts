// What a technician may do in a session: a closed set of scopes.

import { SCOPES_MAX } from './limits'

/** All scopes, in the order they are shown. */
export const SCOPES = [
  'view',
  'control',
  'clipboard_read',
  'clipboard_write',
  'files_read',
  'files_write',
  'shell',
] as const

/** One thing a warrant can allow. */
export type Scope = (typeof SCOPES)[number]

const SENTENCES: Record<Scope, string> = {
  view: 'See this screen',
  control: 'Use mouse and keyboard: everything you can do on this screen',
  clipboard_read: 'Read what you copied',
  clipboard_write: 'Put text in your clipboard',
  files_read: 'Look at and fetch your files',
  files_write: 'Put files on this computer',
  shell: 'Run commands on this computer',
}

/** What a scope means, for the person at the device. */
export const scopeSentence = (scope: Scope): string => SENTENCES[scope]

/** Whether `scopes` is a well-formed list: not empty, bounded, each once. */
export const isScopeList = (scopes: readonly Scope[]): boolean =>
  scopes.length > 0 && scopes.length <= SCOPES_MAX && new Set(scopes).size === scopes.length
