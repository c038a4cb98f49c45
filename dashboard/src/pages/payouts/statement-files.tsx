import type { Payout } from '../../api/types';
import { useLanguage } from '../../i18n/language';
import { DownloadButton } from '../../ui/download-button';

/** A payout's statement to keep: for reading, and for a spreadsheet. */
export function StatementFiles({ payout: { id, period, amount, currency } }: { payout: Payout }) {
  const { texts, formats } = useLanguage();
  const name = texts.payouts.open(formats.month(period), formats.money(amount, currency));
  const path = `/v1/me/payouts/${id}/statement`;
  return (
    <span className="file-buttons">
      <DownloadButton
        path={`${path}?format=pdf&locale=${formats.locale}`}
        text={texts.common.pdf}
        name={`${texts.common.downloadPdf}: ${name}`}
      />
      <DownloadButton
        path={`${path}?format=csv`}
        text={texts.common.csv}
        name={`${texts.common.downloadCsv}: ${name}`}
      />
    </span>
  );
}
