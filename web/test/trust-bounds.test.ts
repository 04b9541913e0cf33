import { describe, expect, it } from 'vitest'
import { anyOf, boundsFault, boundsWords, isBeneath, isPath, isUser, noBounds, span } from '../src/trust'

describe('bounds', () => {
  it('take a path in one form only', () => {
    for (const good of ['/', '/home', '/home/anna/My Documents', '/srv/..data', '/漢']) expect(isPath(good), good).toBe(true)
    for (const bad of ['', 'home', '//', '/home/', '/home//anna', '/home/./anna', '/home/../etc', '/..', '/a\nb', '/a\u202eb']) {
      expect(isPath(bad), bad).toBe(false)
    }
    expect(isPath(`/${'x'.repeat(159)}`)).toBe(true)
    expect(isPath(`/${'漢'.repeat(54)}`)).toBe(false)
  })

  it('compare names, not letters', () => {
    expect(isBeneath('/home/anna/x', '/home')).toBe(true)
    expect(isBeneath('/x', '/')).toBe(true)
    expect(isBeneath('/home/anna', '/home/ann')).toBe(false)
    expect(isBeneath('/home', '/home/anna')).toBe(false)
  })

  it('take a name for a user, and no number or option', () => {
    for (const good of ['root', '_apt', 'anna@corp.example']) expect(isUser(good), good).toBe(true)
    for (const bad of ['', '0', '-c', 'an na', 'x'.repeat(65)]) expect(isUser(bad), bad).toBe(false)
  })

  it('stand beside the scope that they narrow', () => {
    const bounds = { ...noBounds(), read_under: ['/a'] }
    expect(boundsFault(['files_read'], bounds, [])).toBeUndefined()
    expect(boundsFault(['files_write'], bounds, [])).toBe('it narrows a scope that it does not name')
  })

  it('are told in words', () => {
    const bounds = { read_under: ['/a', '/b'], write_under: [], shell_as: 'deploy' }
    expect(boundsWords(bounds, 'files_read')).toBe('only under /a, /b')
    expect(boundsWords(bounds, 'files_write')).toBeUndefined()
    expect(boundsWords(bounds, 'shell')).toBe('as deploy')
    expect(anyOf(['/a', '/b', '/c', '/d'])).toBe('/a, /b, /c or 1 more')
    expect([45, 60, 90, 3600, 5400].map(span)).toEqual(['45 seconds', '1 minute', '90 seconds', '1 hour', '90 minutes'])
  })
})
