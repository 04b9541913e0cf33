import { TrustError } from '../error'

export type RefusalCode =
  | 'unreadable'
  | 'shape'
  | 'other_organisation'
  | 'other_device'
  | 'other_channel'
  | 'ledger_too_new'
  | 'suspended'
  | 'roster_tainted'
  | 'device_not_in_force'
  | 'device_noise'
  | 'device_known'
  | 'joined_unattended'
  | 'ledger_behind'
  | 'ledger_forked'
  | 'stale'
  | 'not_signed'
  | 'technician_not_in_force'
  | 'origin_not_listed'
  | 'vendor_origin_alone'
  | 'other_name'
  | 'revoked'
  | 'spent'
  | 'too_early'
  | 'expired'
  | 'uncovered'
  | 'uncounted'
  | 'too_many_devices'

/** A named refusal: the same codes as the workstation's. */
export class Refusal extends TrustError {
  constructor(
    override readonly code: RefusalCode,
    message: string,
  ) {
    super(code, message)
  }
}
