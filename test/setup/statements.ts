import { PayoutStatementsService } from '../../src/payouts/statements/payout-statements.service.js';
import type { StatementItemDto, StatementQuery } from '../../src/payouts/statements/statement.dto.js';
import type { TestApp } from './app.js';

/** Every payout made since a moment has a statement whose items, page by page, come to its amount to the cent. */
export async function expectEveryPayoutExplained(api: TestApp, since = new Date(0)): Promise<void> {
  const statements = api.app.get(PayoutStatementsService);
  const payouts = await api.database.prisma.payout.findMany({ where: { createdAt: { gte: since } } });
  for (const { id, amountMinor } of payouts) {
    const query: StatementQuery = { limit: 7, format: 'json', locale: 'en-US' };
    const items: StatementItemDto[] = [];
    for (let cursor: string | undefined; ;) {
      const page = await statements.page(id, { ...query, cursor }, {});
      items.push(...page.items);
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    expect([id, items.reduce((sum, { amount }) => sum + BigInt(amount), 0n)]).toEqual([id, amountMinor]);
    for (const { entryId, description } of items) expect([entryId, description]).not.toEqual([entryId, '']);
  }
}
