import { startTestApp, type TestApp } from '../../setup/app.js';
import { eventually } from '../../setup/eventually.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { balancesOf, commissionsOf, sell, tell, type Sale } from '../../setup/sales.js';
import {
  creditNoteOf,
  deliver,
  disputeOf,
  eventOf,
  invoicePayment,
  paidInvoice,
  refundedCharge,
  refundOf,
} from '../../setup/webhooks.js';

const MISSING = undefined;
/** What BigInt or Date take for something, and what they do not. */
const NO_AMOUNT = [MISSING, null, '', '4950', 'x', true, [], {}, 49.5];
const NO_MOMENT = ['', 'x', true, [], {}, -1, 1e12, 1e30];
const NO_CURRENCY = [MISSING, null, '', 'USD', 'x', true, [], {}, 5];
const NO_ID = [MISSING, null, '', true, [], {}, 5];

let api: TestApp;
let sale: Sale;
const warnings: Error[] = [];
const keepWarning = (warning: Error): void => void warnings.push(warning);

beforeAll(async () => {
  api = await startTestApp();
  sale = await sell(api, 'kept');
  process.on('warning', keepWarning);
});
afterAll(async () => {
  process.off('warning', keepWarning);
  await api.close();
});

interface Told {
  type: string;
  object: () => Record<string, unknown>;
  /** For each field, by its path in the event, what cannot be read in it. */
  unreadable: Record<string, readonly unknown[]>;
}

const shown = (fields: Record<string, readonly unknown[]>): Told['unreadable'] =>
  Object.fromEntries(Object.entries(fields).map(([field, values]) => [`data.object.${field}`, values]));
const present = (values: readonly unknown[]): unknown[] => values.filter((value) => (value ?? null) !== null);
const EVENT = { created: [MISSING, null, ...NO_MOMENT] };

describe('an event with a field that cannot be read', () => {
  const { payment, invoice } = { payment: 'pi_kept', invoice: 'in_kept' };

  it.each<Told>([
    {
      type: 'invoice.paid',
      object: () => paidInvoice(api, { id: 'in_other', userId: sale.userId, customer: 'cus_kept' }),
      unreadable: {
        ...EVENT,
        ...shown({
          id: NO_ID,
          amount_paid: NO_AMOUNT,
          total: NO_AMOUNT,
          total_excluding_tax: present(NO_AMOUNT),
          amount_paid_off_stripe: present(NO_AMOUNT),
          currency: NO_CURRENCY,
          'status_transitions.paid_at': NO_MOMENT,
        }),
      },
    },
    {
      type: 'invoice_payment.paid',
      object: () => invoicePayment(api, { invoice, payment: 'pi_other', amount: 9900 }),
      unreadable: shown({ id: NO_ID, amount_paid: present(NO_AMOUNT) }),
    },
    {
      type: 'refund.updated',
      object: () => refundOf(api, { payment, amount: 4950 }),
      unreadable: { ...EVENT, ...shown({ id: NO_ID, amount: NO_AMOUNT, currency: NO_CURRENCY }) },
    },
    {
      type: 'charge.refunded',
      object: () => refundedCharge(api, { payment, amount: 9900, amountRefunded: 4950 }),
      unreadable: shown({ id: NO_ID, amount_refunded: NO_AMOUNT }),
    },
    {
      type: 'charge.dispute.created',
      object: () => disputeOf(api, { payment, amount: 4950 }),
      unreadable: { ...EVENT, ...shown({ id: NO_ID, amount: NO_AMOUNT, currency: NO_CURRENCY }) },
    },
    {
      type: 'credit_note.created',
      object: () => creditNoteOf(api, { invoice, outOfBand: 4950 }),
      unreadable: {
        ...EVENT,
        ...shown({ id: NO_ID, out_of_band_amount: present(NO_AMOUNT), currency: NO_CURRENCY }),
      },
    },
  ])('$type says which one, is tried again, and books nothing', async ({ type, object, unreadable }) => {
    const events = Object.entries(unreadable).flatMap(([path, values]) =>
      values.map((value) => ({
        field: path.split('.').at(-1) ?? '',
        event: withField(eventOf(api, type, object()), path, value),
      })),
    );
    const answers = await Promise.all(events.map(({ event }) => deliver(api, event)));
    expect(answers.map(({ status }) => status)).toEqual(events.map(() => 200));
    await eventually(async () => {
      for (const { field, event } of events) {
        const stored = await api.database.prisma.stripeEvent.findUniqueOrThrow({ where: { id: String(event['id']) } });
        expect({ field, status: stored.status, tries: stored.attempts > 0 }).toEqual({
          field,
          status: 'pending',
          tries: true,
        });
        expect(stored.lastError).toMatch(
          field === 'id' ? /without an id/ : new RegExp(`UnreadableFieldError: ${field} `),
        );
      }
    });
    expect(await commissionsOf(api, sale.affiliateId)).toMatchObject([{ invoiceId: invoice, netAmount: 1980 }]);
    // Nothing is left to be tried again when the next ones come.
    await api.database.prisma.stripeEvent.updateMany({ where: { status: 'pending' }, data: { status: 'failed' } });
  });

  it('holds nothing up, and leaves the ledger sound and the database without dates that are none', async () => {
    await tell(api, 'invoice.paid', paidInvoice(api, { userId: sale.userId, customer: 'cus_kept' }));
    expect(await balancesOf(api, sale.affiliateId)).toMatchObject([{ currency: 'usd', lifetimeEarned: 3960 }]);
    await expectSoundLedger(api);
    expect(warnings.map(({ message }) => message).filter((message) => /date/i.test(message))).toEqual([]);
  });
});

/** A copy of the event with this in the place of what stood there. */
function withField(event: Record<string, unknown>, path: string, value: unknown): Record<string, unknown> {
  const [field = '', ...rest] = path.split('.');
  const inner = event[field] as Record<string, unknown>;
  return { ...event, [field]: rest.length > 0 ? withField(inner, rest.join('.'), value) : value };
}
