import { Injectable } from '@nestjs/common';
import { NightlyVerification } from '../../commissions/nightly-verification.js';
import type { StaffAction } from './staff-action.js';

/** What staff may have done to the ledger: nothing but looking at all of it. */
@Injectable()
export class LedgerActions {
  constructor(private readonly verification: NightlyVerification) {}

  all(): StaffAction[] {
    return [
      {
        name: 'verify',
        label: 'Verify now',
        icon: 'Shield',
        on: 'resource',
        role: 'finance',
        explains:
          'Every figure of the ledger is worked out again, as it is each night, and nothing is changed. It goes on in the background; the start page shows when it is done, and what came out.',
        perform: async ({ act }) =>
          (await this.verification.request(act))
            ? 'The ledger is being proven; the start page will say what came out.'
            : 'Somebody asked already; the start page will say what came out.',
      },
    ];
  }
}
