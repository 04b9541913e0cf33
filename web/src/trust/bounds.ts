// What narrows a session's scopes: files beneath which folders, a shell as which user. Paths are compared name by name, never as
// texts, and one folder has one spelling.

import { utf8 } from './bytes'
import { PATH_BYTES_MAX, PATHS_MAX, USER_BYTES_MAX } from './limits'
import { type Schema, listOrNone, object, optional, text } from './schema'
import type { Scope } from './scope'
import { isPlain } from './text'

/** What a session may reach within its scopes. Without any of these it is as the scopes say. */
export interface Bounds {
  /** Folders beneath which files are listed and fetched; everything that the device shares if there are none. */
  read_under: string[]
  /** Folders beneath which files are put; everything that the device shares if there are none. */
  write_under: string[]
  /** As whom shells run; as the user of the display if absent. */
  shell_as?: string | undefined
}

/** Bounds that narrow nothing. */
export const noBounds = (): Bounds => ({ read_under: [], write_under: [] })

/** Whether they narrow nothing. */
export const isUnbound = ({ read_under, write_under, shell_as }: Bounds): boolean =>
  read_under.length === 0 && write_under.length === 0 && shell_as === undefined

/**
 * How far a scope goes, in words that follow its name; nothing where it is not narrowed. All folders are named: this is for
 * those who sign, approve or read a receipt.
 */
export function boundsWords(bounds: Bounds, scope: Scope): string | undefined {
  const under = (folders: readonly string[]) => (folders.length > 0 ? `only under ${folders.join(', ')}` : undefined)
  if (scope === 'files_read') return under(bounds.read_under)
  if (scope === 'files_write') return under(bounds.write_under)
  return scope === 'shell' && bounds.shell_as !== undefined ? `as ${bounds.shell_as}` : undefined
}

/** The form of bounds; absent where they narrow nothing. */
export const bounds: Schema<Bounds> = {
  ...object<Bounds>({ read_under: listOrNone(text), write_under: listOrNone(text), shell_as: optional(text) }),
  absent: { value: noBounds(), is: isUnbound },
}

/** What is wrong with lists of folders and users beside these scopes, if anything. */
export function boundsFault(
  scopes: readonly Scope[],
  { read_under, write_under }: Pick<Bounds, 'read_under' | 'write_under'>,
  shellAs: readonly string[],
): string | undefined {
  if (!isListOf(read_under, isPath) || !isListOf(write_under, isPath)) {
    return 'a folder is no absolute path in its shortest form, is listed twice, or there are too many'
  }
  if (!isListOf(shellAs, isUser)) return 'a user of its shells has no valid name, is listed twice, or there are too many'
  const narrows: [Scope, readonly string[]][] = [['files_read', read_under], ['files_write', write_under], ['shell', shellAs]]
  const isIdle = narrows.some(([scope, list]) => list.length > 0 && !scopes.includes(scope))
  return isIdle ? 'it narrows a scope that it does not name' : undefined
}

const isListOf = (list: readonly string[], isGood: (item: string) => boolean): boolean =>
  list.length <= PATHS_MAX && list.every(isGood) && new Set(list).size === list.length

/** An absolute path in its only form: no empty name, no `.`, no `..`, no slash at the end but of the root, nothing invisible. */
export function isPath(path: string): boolean {
  if (!path.startsWith('/') || utf8(path).length > PATH_BYTES_MAX || !isPlain(path)) return false
  return path === '/' || path.slice(1).split('/').every((name) => name !== '' && name !== '.' && name !== '..')
}

/** A user of a workstation: 1 to 64 of `A-Z a-z 0-9 . _ @ -`, the first a letter or `_`. */
export const isUser = (name: string): boolean => name.length <= USER_BYTES_MAX && /^[A-Za-z_][A-Za-z0-9._@-]*$/.test(name)

/** Whether `path` is `folder` or lies in it, both in their only form. */
export function isBeneath(path: string, folder: string): boolean {
  const names = (of: string) => of.split('/').filter((name) => name !== '')
  const inside = names(path)
  return names(folder).every((name, at) => inside[at] === name)
}

/** Whether each of `paths` lies beneath one of `folders`. */
export const areBeneath = (paths: readonly string[], folders: readonly string[]): boolean =>
  paths.every((path) => folders.some((folder) => isBeneath(path, folder)))

const NAMED_MAX = 3

/** "a, b or c", with a word on how many are left out. */
export function anyOf(items: readonly string[]): string {
  const named = items.slice(0, NAMED_MAX)
  if (items.length > NAMED_MAX) return `${named.join(', ')} or ${items.length - NAMED_MAX} more`
  const last = named.pop() ?? ''
  return named.length > 0 ? `${named.join(', ')} or ${last}` : last
}
