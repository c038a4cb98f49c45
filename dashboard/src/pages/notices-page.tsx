import { Link } from 'react-router';
import { api, bodyOf } from '../api/client';
import type { Notice } from '../api/types';
import { usePages } from '../api/use-pages';
import type { Texts } from '../i18n/en';
import type { Formats } from '../i18n/formats';
import { useLanguage } from '../i18n/language';
import { Card } from '../ui/card';
import type { Column } from '../ui/data-table';
import { Page } from '../ui/page';
import { PagedList } from '../ui/paged-list';
import { EmptyState } from '../ui/states';
import { EmailCard } from './email-card';

export function NoticesPage() {
  const { texts, formats } = useLanguage();
  const words = texts.notices;
  const pages = usePages(['notices'], async (cursor) =>
    bodyOf(await api.GET('/v1/me/notices', { params: { query: { cursor } } })),
  );
  const columns: Column<Notice>[] = [
    { key: 'kind', header: words.title, lead: true, cell: ({ kind }) => <strong>{words.kinds[kind]}</strong> },
    { key: 'date', header: texts.payouts.date, cell: ({ occurredAt }) => formats.date(occurredAt) },
    { key: 'text', header: words.text, cell: (notice) => noticeText(notice, texts, formats) },
    { key: 'action', header: words.what, cell: () => <Link to="/getting-paid">{words.action}</Link> },
  ];
  return (
    <Page title={words.title} intro={words.intro}>
      <Card bare>
        <PagedList
          label={words.title}
          pages={pages}
          columns={columns}
          empty={
            <EmptyState title={words.emptyTitle}>
              <p>{words.emptyText}</p>
            </EmptyState>
          }
        />
      </Card>
      <EmailCard />
    </Page>
  );
}

/** The API's own sentence, or the same in the page's language. */
export function noticeText({ kind, message, details }: Notice, { notices }: Texts, formats: Formats): string {
  const { messages } = notices;
  if (messages === null) return message;
  switch (kind) {
    case 'bank_payout_failed': {
      const { amount, currency, failureCode } = details;
      return messages.bank_payout_failed(
        typeof amount === 'number' && typeof currency === 'string' ? formats.money(amount, currency) : '',
        typeof failureCode === 'string' ? failureCode : null,
      );
    }
    case 'requirements_due': {
      const { dueAt } = details;
      return messages.requirements_due(typeof dueAt === 'string' ? formats.date(dueAt) : '');
    }
    default:
      return messages[kind];
  }
}
