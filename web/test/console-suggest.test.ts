import { describe, expect, it } from 'vitest'
import type { PolicyView, Scope } from '../src/console/model'
import { fitting, longest, suggest } from '../src/console/suggest'

const policy = (part: Partial<PolicyView>): PolicyView => ({
  id: 'p', name: 'p', technicians: 'helpdesk', devices: 'desks', approvers: undefined, scopes: ['view'], maxSeconds: 3600, unattended: false, approvals: 0, devicesPerHour: undefined, hours: undefined, openingsPerHour: undefined,
  attendedWhenStale: false, readUnder: [], writeUnder: [], shellAs: [], ticketRequired: false, standing: 'in_force', ...part,
})
const ALL: Scope[] = ['view', 'control', 'shell']

describe('the connect dialog', () => {
  it('looks only at policies that join the technician with the device', () => {
    const [ours, others, elsewhere] = [policy({ name: 'ours' }), policy({ technicians: 'admins' }), policy({ devices: 'servers' })]
    expect(fitting([others, elsewhere, ours], ['helpdesk'], { groups: ['desks', 'hq'] })).toEqual([ours])
  })

  it('proposes all that a narrow policy allows and nothing beyond it', () => {
    expect(suggest([policy({ scopes: ['view'], maxSeconds: 900 })], undefined)).toEqual({ scopes: ['view'], minutes: 15, attended: true })
  })

  it('asks nobody only where the policy does not demand it', () => {
    expect(suggest([policy({ unattended: true })], undefined).attended).toBe(false)
    expect(suggest([policy({})], { scopes: ['view'], minutes: 10, attended: false }).attended).toBe(true)
  })

  it('prefers the policy that needs no approval', () => {
    const wide = policy({ scopes: ALL, approvals: 1 })
    expect(suggest([wide, policy({ scopes: ['view', 'control'] })], undefined).scopes).toEqual(['view', 'control'])
  })

  it('proposes what was chosen last, as long as one policy covers it', () => {
    const last = { scopes: ['view'] as Scope[], minutes: 30, attended: true }
    expect(suggest([policy({ scopes: ALL })], last)).toEqual(last)
    expect(suggest([policy({ scopes: ALL, maxSeconds: 600 })], last)).toEqual({ ...last, minutes: 10 })
  })

  it('proposes what is left of the last choice when the policy became narrower', () => {
    const last = { scopes: ['view', 'shell'] as Scope[], minutes: 30, attended: true }
    expect(suggest([policy({ scopes: ['view', 'control'] })], last).scopes).toEqual(['view'])
    expect(suggest([policy({ scopes: ['control'] })], last).scopes).toEqual(['control'])
  })

  it('knows the longest time that a policy allows', () => {
    expect(longest([policy({ maxSeconds: 900 }), policy({ maxSeconds: 7200 })])).toBe(120)
    expect(longest([])).toBe(1)
  })
})
