import { extractText, getDocumentProxy, getMeta } from 'unpdf';
import { AdjustmentsService } from '../../../src/commissions/adjustments.service.js';
import { ReviewCases } from '../../../src/fraud/review-cases.service.js';
import type { PayoutDto, PayoutPageDto } from '../../../src/payouts/payout.dto.js';
import { PayoutRunsService } from '../../../src/payouts/runs/payout-runs.service.js';
import type { StatementDto } from '../../../src/payouts/statements/statement.dto.js';
import { startTestApp, type TestApp } from '../../setup/app.js';
import { hostStripe, onboard } from '../../setup/host.js';
import { expectSoundLedger } from '../../setup/ledger.js';
import { namesOf, pay, sell, tell } from '../../setup/sales.js';
import { expectEveryPayoutExplained } from '../../setup/statements.js';
import { disputeOf, refundOf } from '../../setup/webhooks.js';

let api: TestApp;

beforeEach(async () => {
  api = await startTestApp({ now: '2026-11-20T12:00:00Z' });
});
afterEach(async () => {
  await expectEveryPayoutExplained(api);
  await expectSoundLedger(api);
  await api.close();
});

const run = (period: string) =>
  api.app.get(PayoutRunsService).run({ period, cutOff: new Date(`${period}-01T06:00:00Z`) });

async function payoutOf(affiliateId: string, period = '2026-12'): Promise<PayoutDto> {
  const { body } = await api.request<PayoutPageDto>('GET', `/v1/payouts?affiliateId=${affiliateId}`);
  const found = body.data.find((payout) => payout.period === period);
  if (!found) throw new Error(`no payout of ${affiliateId} in ${period}`);
  return found;
}

async function statementOf(affiliateId: string, period = '2026-12', query = ''): Promise<StatementDto> {
  const { id } = await payoutOf(affiliateId, period);
  const { status, body } = await api.request<StatementDto>('GET', `/v1/payouts/${id}/statement?${query}`);
  expect(status).toBe(200);
  return body;
}

/** An affiliate that has earned all of one invoice. */
async function owed(name: string, total: number, currency?: string): Promise<string> {
  const { affiliateId } = await sell(api, name, { rateBps: 10_000, total, currency });
  await onboard(api, affiliateId);
  return affiliateId;
}

async function earnAgain(name: string, paidAt: string, total: number): Promise<void> {
  const { userId, customer } = namesOf(name);
  await pay(api, {
    id: `in_${name}_${paidAt}`,
    payment: `pi_${name}_${paidAt}`,
    customer,
    userId,
    total,
    paidAt: new Date(`${paidAt}T12:00:00Z`),
  });
}

function adjust(affiliateId: string, id: string, amountMinor: bigint, reason: string): Promise<boolean> {
  return api.database.transaction((tx) =>
    api.app
      .get(AdjustmentsService)
      .adjust(tx, { adjustmentId: id, affiliateId, currency: 'usd', amountMinor, staffUserId: 'staff', reason }),
  );
}

describe('a payout statement', () => {
  it('explains each item in words and figures, with what was there before and what stays', async () => {
    const { affiliateId } = await sell(api, 'lena', { rateBps: 2000, total: 20_000, totalExcludingTax: 18_000 });
    await onboard(api, affiliateId);
    await adjust(affiliateId, 'bonus', 1000n, 'A thank-you for the webinar');
    await earnAgain('lena', '2026-12-02', 5000);
    await run('2026-12');

    const { items, ...above } = await statementOf(affiliateId);
    expect(above).toMatchObject({
      payout: { amount: 4600, currency: 'usd', status: 'paid', period: '2026-12' },
      cutOff: '2026-12-01T06:00:00.000Z',
      payer: 'app.example.com',
      affiliate: { id: affiliateId, name: 'lena', userId: 'user-lena' },
      received: 4600,
      notice: null,
      totals: [
        { kind: 'commission', count: 1, amount: 3600 },
        { kind: 'adjustment', count: 1, amount: 1000 },
      ],
      // What was paid on 2 December is earned, and not due by the cut-off.
      balance: { openingPayable: 5600, closingPayable: 1000, closingHeld: 0 },
      nextCursor: null,
    });
    expect(items).toMatchObject([
      {
        kind: 'commission',
        date: '2026-11-20T12:00:00.000Z',
        description: 'Invoice in_lena was paid: 20 % of 180.00 USD earned 36.00 USD.',
        amount: 3600,
        formula: 'base = floor(min(20000, 20000) × 18000 / 20000) = 18000; amount = floor(18000 × 2000 / 10000) = 3600',
        base: 18_000,
        rateBps: 2000,
        invoiceId: 'in_lena',
        customer: 'user-of-lena',
        causes: [],
      },
      {
        kind: 'adjustment',
        description: 'Adjusted by hand: A thank-you for the webinar',
        reason: 'A thank-you for the webinar',
        amount: 1000,
        commissionId: null,
        invoiceId: null,
        customer: null,
      },
    ]);
  });

  it('shows a claw-back in the next payout, with its cause and the payout that had paid it', async () => {
    const affiliateId = await owed('cora', 9900);
    await run('2026-12');
    api.clock.set('2026-12-10T12:00:00Z');
    const { payment } = namesOf('cora');
    await tell(api, 'refund.created', refundOf(api, { id: 're_1', payment, amount: 3300 }));
    await tell(api, 'charge.dispute.created', disputeOf(api, { id: 'dp_1', payment, amount: 6600 }));
    await tell(api, 'charge.dispute.closed', disputeOf(api, { id: 'dp_1', payment, amount: 6600, status: 'won' }));
    await earnAgain('cora', '2026-12-20', 8000);
    await run('2027-01');

    const first = await payoutOf(affiliateId);
    const { items, totals, payout } = await statementOf(affiliateId, '2027-01');
    expect(payout).toMatchObject({ amount: 4700, status: 'paid' });
    expect(totals).toEqual([
      { kind: 'commission', count: 1, amount: 8000 },
      { kind: 'claw_back', count: 2, amount: -9900 },
      { kind: 'restored', count: 1, amount: 6600 },
    ]);
    expect(
      items.map(({ kind, amount, description, earlierPayoutId }) => [kind, amount, description, earlierPayoutId]),
    ).toEqual([
      [
        'claw_back',
        -3300,
        '33.00 USD was taken back: refund re_1 of 33.00 USD (succeeded). It was in the payout of 2026-12.',
        first.id,
      ],
      [
        'claw_back',
        -6600,
        '66.00 USD was taken back: dispute dp_1 of 66.00 USD (needs_response). It was in the payout of 2026-12.',
        first.id,
      ],
      ['restored', 6600, '66.00 USD was given back: dispute dp_1 of 66.00 USD (won).', null],
      ['commission', 8000, 'Invoice in_cora_2026-12-20 was paid: 100 % of 80.00 USD earned 80.00 USD.', null],
    ]);
    // The first payout was right when it was made, and its statement does not change.
    expect(await statementOf(affiliateId)).toMatchObject({ payout: { amount: 9900 }, items: [{ amount: 9900 }] });
  });

  it('tells of a commission that lost a part while it was held what it earned, lost and became', async () => {
    const { affiliateId, payment } = await sell(api, 'halina', { plan: { rateBps: 5000, holdDays: 5 }, total: 10_000 });
    await onboard(api, affiliateId);
    await tell(api, 'refund.created', refundOf(api, { id: 're_2', payment, amount: 2500 }));
    await run('2026-12');
    const { items } = await statementOf(affiliateId);
    expect(items).toMatchObject([
      {
        kind: 'commission',
        amount: 3750,
        description:
          'Invoice in_halina was paid: 50 % of 100.00 USD earned 50.00 USD. 12.50 USD was taken back: refund re_2 of 25.00 USD (succeeded). 37.50 USD became payable.',
        formula: 'amount = floor(10000 × (10000 − 2500) × 5000 / (10000 × 10000)) = 3750',
        causes: [{ id: 're_2', type: 'refund', status: 'succeeded', amount: 2500 }],
      },
    ]);
  });

  it('says that nothing was paid where that is so, with all that was in it', async () => {
    const affiliateId = await owed('rolf', 3000);
    api.stripe.faults.add({ kind: 'refused_400', method: 'POST', path: '/v1/transfers' });
    await run('2026-12');
    const failed = await statementOf(affiliateId);
    expect(failed).toMatchObject({
      payout: { status: 'failed', amount: 3000 },
      received: 0,
      balance: { openingPayable: 3000, closingPayable: 3000 },
      items: [{ kind: 'commission', amount: 3000 }],
    });
    expect(failed.notice).toMatch(/^Nothing was paid: the transfer was refused \(.+\)\. All .* payable again\.$/);
    await run('2027-01');
    expect(await statementOf(affiliateId, '2027-01')).toMatchObject({
      received: 3000,
      notice: null,
      items: [{ amount: 3000 }],
    });
  });

  it('tells of a transfer that Stripe took back, and carries it over', async () => {
    const affiliateId = await owed('petra', 6000);
    await run('2026-12');
    const first = await payoutOf(affiliateId);
    api.clock.set('2026-12-15T12:00:00Z');
    await hostStripe(api).transfers.createReversal(first.stripeTransferId ?? '', { amount: 4000 });
    await api.settle();
    const opened = await api.database.prisma.reviewCase.findFirstOrThrow({ where: { affiliateId } });
    const decision = { decision: 'approved', staffUserId: 'staff', reason: 'Our own mistake.' } as const;
    await api.database.transaction((tx) => api.app.get(ReviewCases).close(tx, opened.id, decision));
    await run('2027-01');
    expect(await statementOf(affiliateId)).toMatchObject({
      payout: { amount: 6000, amountReversed: 4000 },
      received: 2000,
      notice: 'Stripe took back 40.00 USD of the transfer. That is owed again, and stands on a later statement.',
      items: [{ amount: 6000 }],
    });
    expect(await statementOf(affiliateId, '2027-01')).toMatchObject({
      items: [
        {
          kind: 'transfer_reversal',
          amount: 4000,
          description: '40.00 USD of the payout of 2026-12 came back from Stripe and is owed again.',
          earlierPayoutId: first.id,
        },
      ],
    });
  });

  it('comes in pages, oldest first, each with the sums of the whole', async () => {
    const affiliateId = await owed('paula', 3000);
    for (let n = 1; n <= 4; n++) await adjust(affiliateId, `${n}`, BigInt(n), `Number ${n}`);
    await run('2026-12');
    const amounts: number[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: StatementDto = await statementOf(affiliateId, '2026-12', `limit=2${cursor && `&cursor=${cursor}`}`);
      expect(page.totals).toHaveLength(2);
      amounts.push(...page.items.map(({ amount }) => amount));
      cursor = page.nextCursor;
    }
    expect(amounts).toEqual([3000, 1, 2, 3, 4]);
  });

  it('is refused when its items do not come to what was paid', async () => {
    const affiliateId = await owed('mila', 3000);
    await run('2026-12');
    const { id } = await payoutOf(affiliateId);
    await api.database.prisma.payout.update({ where: { id }, data: { amountMinor: 3001 } });
    for (const format of ['json', 'csv', 'pdf']) {
      const { status, body, headers } = await api.request('GET', `/v1/payouts/${id}/statement?format=${format}`);
      expect([status, headers.get('content-disposition')]).toEqual([500, null]);
      expect(body).toMatchObject({ error: { code: 'internal_error' } });
    }
    await api.database.prisma.payout.update({ where: { id }, data: { amountMinor: 3000 } });
  });
});

describe('an affiliate', () => {
  it('reads the statements of its own payouts with customers masked, and nobody else’s', async () => {
    const own = await owed('nora', 3000);
    const other = await owed('olaf', 3000);
    await run('2026-12');
    const token = api.token('affiliate', 'user-nora');
    const { id } = await payoutOf(own);
    const { body, headers } = await api.request<StatementDto>('GET', `/v1/me/payouts/${id}/statement`, { token });
    expect(body.items.map(({ customer }) => customer)).toEqual(['us***ra']);
    expect(headers.get('cache-control')).toBe('private, no-store');
    const csv = await api.request('GET', `/v1/me/payouts/${id}/statement?format=csv`, { token });
    expect(csv.text).not.toContain('user-of-nora');
    for (const format of ['json', 'csv', 'pdf']) {
      const path = `/v1/me/payouts/${(await payoutOf(other)).id}/statement?format=${format}`;
      const { status, body } = await api.request('GET', path, { token });
      expect([status, body]).toMatchObject([404, { error: { code: 'payout_not_found' } }]);
    }
  });
});

describe('a statement as CSV', () => {
  it('has a row per item whose amounts add up, and runs no formula', async () => {
    const affiliateId = await owed('vera', 30_000, 'kwd');
    await api.database.prisma.referral.updateMany({ data: { referredUserId: '=cmd()' } });
    await tell(api, 'refund.created', refundOf(api, { payment: namesOf('vera').payment, amount: 10, currency: 'kwd' }));
    await fetch(`${api.stripe.url}/_emulator/balance`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ kwd: 1_000_000 }),
    });
    await run('2026-12');
    const { id } = await payoutOf(affiliateId);
    const { text, headers } = await api.request('GET', `/v1/payouts/${id}/statement?format=csv`);
    expect(headers.get('content-disposition')).toBe(`attachment; filename="payout-2026-12-${id}.csv"`);
    const [head, ...rows] = text.trim().split('\n');
    expect(head).toBe(
      'payoutId,period,payoutStatus,date,kind,description,customer,invoiceId,commissionId,base,rateBps,formula,amount,currency,amountMinor,earlierPayoutId,entryId',
    );
    expect(rows).toEqual([
      expect.stringContaining(`${id},2026-12,paid,2026-11-20T12:00:00.000Z,commission,`),
      expect.stringContaining(`${id},2026-12,paid,2026-11-20T12:00:00.000Z,claw_back,`),
    ]);
    for (const row of rows) expect(row).toContain(`,'=cmd(),in_vera,com_`);
    expect(rows.map((row) => /,(-?[\d.]+),kwd,(-?\d+),/.exec(row)?.slice(1))).toEqual([
      ['30.000', '30000'],
      ['-0.010', '-10'],
    ]);
  });
});

describe('a statement as PDF', () => {
  async function pdfOf(path: string): Promise<{ pages: string[]; info: Record<string, unknown> }> {
    const response = await fetch(api.url + path, { headers: { authorization: `Bearer ${api.token()}` } });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/pdf']);
    const document = await getDocumentProxy(new Uint8Array(await response.arrayBuffer()));
    const { text } = await extractText(document);
    const { info } = await getMeta(document);
    return { pages: text.map((page) => page.replaceAll(/\s+/g, ' ')), info };
  }

  it('is a page with parties, sums and items, in the words and figures of the reader', async () => {
    const affiliateId = await owed('anna', 123_456);
    await api.request('PATCH', `/v1/affiliates/${affiliateId}`, { body: { name: 'Zoë 王小明' } });
    await adjust(affiliateId, 'minus', -3456n, '=SUM(A1) 王');
    await run('2026-12');
    const { id, stripeTransferId } = await payoutOf(affiliateId);
    const { pages, info } = await pdfOf(`/v1/payouts/${id}/statement?format=pdf&locale=de-DE`);
    expect(pages).toHaveLength(1);
    for (const part of [
      'Payout statement Dezember 2026',
      'FROM app.example.com',
      'TO Zoë Wang Xiao Ming',
      id,
      stripeTransferId,
      'Cut-off 01.12.2026, 06:00 UTC',
      'Received 1.200,00 USD',
      'Commission 1 1.234,56 USD',
      'Adjustment 1 -34,56 USD',
      'Amount of the payout 2 1.200,00 USD',
      'Adjusted by hand: =SUM(A1) Wang',
      'Sum of all items 1.200,00 USD',
      'Page 1 of 1',
    ])
      expect(pages[0]).toContain(part);
    expect(info).toMatchObject({ Title: `Payout statement 2026-12, ${id}`, Author: 'app.example.com' });
  });

  it('repeats its heads over many pages, and adds up by month what would fill a book', async () => {
    const affiliateId = await owed('bella', 3000);
    for (let n = 1; n <= 60; n++) await adjust(affiliateId, `a${n}`, 1n, `Number ${n}`);
    await run('2026-12');
    const many = await pdfOf(`/v1/payouts/${(await payoutOf(affiliateId)).id}/statement?format=pdf`);
    expect(many.pages.length).toBeGreaterThan(1);
    many.pages.slice(0, -1).forEach((page) => expect(page).toContain('Date (UTC) What happened Customer Amount'));
    expect(many.pages.at(-1)).toContain(`Page ${many.pages.length} of ${many.pages.length}`);

    api.clock.set('2026-12-10T12:00:00Z');
    await api.database.transaction(async (tx) => {
      const adjustments = api.app.get(AdjustmentsService);
      for (let n = 1; n <= 501; n++) {
        const what = { adjustmentId: `b${n}`, amountMinor: 10n, staffUserId: 'staff', reason: `Number ${n}` };
        await adjustments.adjust(tx, { ...what, affiliateId, currency: 'usd' });
      }
    });
    await run('2027-01');
    const long = await pdfOf(`/v1/payouts/${(await payoutOf(affiliateId, '2027-01')).id}/statement?format=pdf`);
    expect(long.pages).toHaveLength(1);
    expect(long.pages[0]).toContain('This payout has 501 items.');
    expect(long.pages[0]).toContain('December 2026 Adjustment 501 USD 50.10');
  });

  it.each(['xx-invalid-locale-name', '12', 'de_DE'])('is refused in the locale %s', async (locale) => {
    const { status, body } = await api.request('GET', `/v1/payouts/po_1/statement?format=pdf&locale=${locale}`);
    expect([status, body]).toMatchObject([400, { error: { code: 'invalid_request' } }]);
  });
});
