import { newId } from '../ids.js';
import { listPage } from '../listing.js';
import { route, type Call, type Route } from '../router.js';
import { invalidParameter, refused } from '../stripe-problem.js';
import { idOf } from '../wire.js';
import { previousAttributes } from '../workspace.js';
import {
  issueCreditNote,
  splitCredit,
  voidCreditNote,
  type CreditNote,
  type Settlement,
} from './credit-note-lifecycle.js';
import { creditNoteSums } from './credit-note-lines.js';
import type { Invoice } from './invoice-lifecycle.js';

const REASONS = ['duplicate', 'fraudulent', 'order_change', 'product_unsatisfactory'] as const;

export const creditNoteRoutes: Route[] = [
  route('POST', '/v1/credit_notes', createCreditNote),
  route('GET', '/v1/credit_notes', listCreditNotes),
  route('GET', '/v1/credit_notes/preview', (call) => draw(call).creditNote),
  route('GET', '/v1/credit_notes/:id', ({ workspace, path }) => workspace.get('credit_note', path.id ?? '')),
  route('POST', '/v1/credit_notes/:id', updateCreditNote),
  route('GET', '/v1/credit_notes/:id/lines', ({ workspace, parameters, path }) => {
    const { lines } = workspace.get('credit_note', path.id ?? '');
    return listPage(lines.data, parameters, lines.url);
  }),
  route('POST', '/v1/credit_notes/:id/void', ({ workspace, path }) =>
    voidCreditNote(workspace, workspace.get('credit_note', path.id ?? '')),
  ),
];

function createCreditNote(call: Call): CreditNote {
  const { creditNote, invoice, settlement } = draw(call);
  return issueCreditNote(call.workspace, creditNote, invoice, settlement);
}

/** Draws a credit note up without carrying anything out, which is all that a preview does. */
function draw({ workspace, parameters }: Call): { creditNote: CreditNote; invoice: Invoice; settlement: Settlement } {
  const invoice = workspace.resolve('invoice', parameters.requiredString('invoice'), 'invoice');
  const id = newId('cn');
  const sums = creditNoteSums(workspace, parameters, invoice, id);
  const settlement = settlementOf({ workspace, parameters, path: {} });
  const count = workspace.newestFirst('credit_note').filter((note) => note.invoice === invoice.id).length;
  const creditNote: CreditNote = {
    id,
    object: 'credit_note',
    ...sums,
    ...splitCredit(invoice, sums.total, settlement),
    amount_shipping: 0,
    created: workspace.nowSeconds,
    currency: invoice.currency,
    customer: idOf(invoice.customer) ?? '',
    customer_account: null,
    customer_balance_transaction: null,
    effective_at: parameters.integer('effective_at') ?? workspace.nowSeconds,
    invoice: invoice.id,
    livemode: false,
    memo: parameters.string('memo') ?? null,
    metadata: parameters.metadata(),
    number: `${invoice.number ?? invoice.id}-CN-${String(count + 1).padStart(2, '0')}`,
    out_of_band_amount: settlement.outOfBandAmount === 0 ? null : settlement.outOfBandAmount,
    pdf: `${workspace.baseUrl}/credit_notes/${id}/pdf`,
    pretax_credit_amounts: [],
    reason: parameters.choice('reason', REASONS) ?? null,
    refunds: [],
    shipping_cost: null,
    status: 'issued',
    voided_at: null,
  };
  return { creditNote, invoice, settlement };
}

function settlementOf({ workspace, parameters }: Call): Settlement {
  const refunds = parameters.groups('refunds')?.map((entry) => {
    const refund = workspace.resolve('refund', entry.requiredString('refund'), entry.pathOf('refund'));
    const linked = workspace
      .newestFirst('credit_note')
      .flatMap((note) => (note.status === 'void' ? [] : note.refunds))
      .filter((link) => link.refund === refund.id)
      .reduce((sum, link) => sum + link.amount_refunded, 0);
    const amount = entry.positiveInteger('amount_refunded') ?? refund.amount - linked;
    if (amount < 1 || amount > refund.amount - linked)
      throw refused(undefined, `The refund ${refund.id} has not that much left to be linked.`, 'refunds');
    return { refund, amount };
  });
  return {
    refundAmount: amountOf(parameters, 'refund_amount'),
    creditAmount: amountOf(parameters, 'credit_amount'),
    outOfBandAmount: amountOf(parameters, 'out_of_band_amount'),
    refunds: refunds ?? [],
  };
}

function amountOf(parameters: Call['parameters'], name: string): number {
  const amount = parameters.integer(name) ?? 0;
  if (amount < 0)
    throw invalidParameter('parameter_invalid_integer', name, 'This value must be greater than or equal to 0.');
  return amount;
}

function updateCreditNote({ workspace, parameters, path }: Call): CreditNote {
  const before = workspace.get('credit_note', path.id ?? '');
  const memo = parameters.string('memo');
  const creditNote = workspace.put('credit_note', {
    ...before,
    memo: memo === undefined ? before.memo : memo,
    metadata: parameters.metadata(before.metadata ?? {}),
  });
  workspace.emit('credit_note.updated', creditNote, previousAttributes(before, creditNote));
  return creditNote;
}

function listCreditNotes({ workspace, parameters }: Call): object {
  const [invoice, customer] = (['invoice', 'customer'] as const).map((name) => parameters.string(name));
  const notes = workspace
    .newestFirst('credit_note')
    .filter((note) => (!invoice || note.invoice === invoice) && (!customer || note.customer === customer));
  return listPage(notes, parameters, '/v1/credit_notes');
}
