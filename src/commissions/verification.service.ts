import { Injectable } from '@nestjs/common';
import type { ChainHead } from './ledger/journal-seal.js';
import { LedgerVerifier, type VerificationReport } from './ledger/ledger-verifier.js';
import { SettlementAudit } from './settlement/settlement-audit.js';

/**
 * The whole proof: the ledger agrees with itself and with its seals, and every commission with the facts that Stripe
 * told. Reads only.
 */
@Injectable()
export class VerificationService {
  constructor(
    private readonly ledger: LedgerVerifier,
    private readonly audit: SettlementAudit,
  ) {}

  /** @param noted a head that was kept elsewhere: the chain of seals must still have it. */
  async verify(noted?: ChainHead): Promise<VerificationReport> {
    const report = await this.ledger.verify(noted);
    const replayed = { name: 'commissions equal what the facts give', ...(await this.audit.audit()) };
    return { ...report, ok: report.ok && replayed.breaches.length === 0, invariants: [...report.invariants, replayed] };
  }
}
