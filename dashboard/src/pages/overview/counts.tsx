import type { Overview } from '../../api/types';
import { useLanguage } from '../../i18n/language';
import { Card } from '../../ui/card';

/** How many, since ever. */
export function Counts({ counts }: { counts: Overview['counts'] }) {
  const { texts, formats } = useLanguage();
  const words = texts.overview;
  const figures = [
    {
      label: words.clicks,
      value: formats.count(counts.clicks),
      hint: words.uniqueClicks(formats.count(counts.uniqueClicks)),
    },
    { label: words.signups, value: formats.count(counts.signups), hint: null },
    { label: words.payingCustomers, value: formats.count(counts.payingCustomers), hint: words.payingNow },
    { label: words.conversionRate, value: formats.percent(counts.conversionRate), hint: words.conversionHint },
  ];
  return (
    <Card title={words.inAll}>
      <dl className="figures" data-testid="counts">
        {figures.map(({ label, value, hint }) => (
          <div key={label} className="figure">
            <dt>{label}</dt>
            <dd className="figure-value">{value}</dd>
            {hint && <dd className="fine">{hint}</dd>}
          </div>
        ))}
      </dl>
    </Card>
  );
}
