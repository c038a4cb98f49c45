import type { Tx } from '../database/database.js';
import { explainSteps } from './commission-explanation.js';
import { loadEntries } from './commission-stories.js';
import type { InvoicePart } from './settlement/targets.js';
import type { ExplanationStepDto, StepCauseDto } from './commission.dto.js';

/** What one entry did to a commission's payable money, explained as the commission itself is. */
export interface PayableMovement {
  entryId: string;
  commissionId: string;
  invoiceId: string;
  referredUserId: string;
  /** All that led to it since the movement before, in sentences. */
  summary: string;
  /** The calculation behind it; null where nothing was calculated, as when a hold ends. */
  formula: string | null;
  baseMinor: bigint;
  rateBps: number;
  /** The Stripe objects that brought it about. */
  causes: StepCauseDto[];
  amountMinor: bigint;
}

/** Every movement of these commissions' payable money, by its entry: in a handful of queries however many there are. */
export async function loadPayableMovements(tx: Tx, commissionIds: string[]): Promise<Map<string, PayableMovement>> {
  const ids = [...new Set(commissionIds)];
  if (ids.length === 0) return new Map();
  const commissions = await tx.commission.findMany({
    where: { id: { in: ids } },
    include: { referral: { select: { referredUserId: true } } },
  });
  const entries = await loadEntries(tx, ids);
  const movements = new Map<string, PayableMovement>();
  for (const commission of commissions) {
    const own = entries.get(commission.id) ?? [];
    const steps = explainSteps({
      invoice: {
        id: commission.invoiceId,
        currency: commission.currency,
        amountPaidMinor: commission.invoiceAmountPaidMinor,
        totalMinor: commission.invoiceTotalMinor,
        totalExcludingTaxMinor: commission.invoiceNetTotalMinor,
      },
      part: commission.part as InvoicePart,
      baseMinor: commission.baseMinor,
      rateBps: commission.rateBps,
      rateSource: commission.rateSource as 'affiliate' | 'plan',
      planVersionId: commission.planVersionId,
      entries: own,
    });
    let untold: ExplanationStepDto[] = [];
    own.forEach(({ id: entryId, payableMinor }, index) => {
      untold.push(...steps.slice(index, index + 1));
      if (payableMinor === 0n) return;
      movements.set(entryId, {
        entryId,
        commissionId: commission.id,
        invoiceId: commission.invoiceId,
        referredUserId: commission.referral.referredUserId,
        summary: untold.map(({ summary }) => summary).join(' '),
        formula: untold.findLast(({ formula }) => formula !== null)?.formula ?? null,
        baseMinor: commission.baseMinor,
        rateBps: commission.rateBps,
        causes: untold.flatMap(({ causes }) => causes),
        amountMinor: payableMinor,
      });
      untold = [];
    });
  }
  return movements;
}
