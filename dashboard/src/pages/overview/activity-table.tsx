import type { Stats, StatsBucket } from '../../api/types';
import { useLanguage } from '../../i18n/language';
import type { Metric } from './activity';

const METRICS: Metric[] = ['clicks', 'signups', 'conversions'];

/** The chart in figures, newest first: with the figure of the period before beside each. */
export function ActivityTable({ stats, interval }: { stats: Stats; interval: 'day' | 'month' }) {
  const { texts, formats } = useLanguage();
  const words = texts.chart;
  const rows = stats.series.map((bucket, index) => ({ bucket, before: stats.previous?.series[index] })).reverse();
  const cell = (bucket: StatsBucket | undefined, metric: Metric): string =>
    bucket ? formats.count(bucket[metric]) : texts.common.none;
  return (
    <div className="table-scroll" tabIndex={0} role="region" aria-label={words.title}>
      <table className="plain-table">
        <thead>
          <tr>
            <th scope="col">{interval === 'month' ? words.month : words.day}</th>
            {METRICS.map((metric) => (
              <th key={metric} scope="col" className="numeric">
                {words[metric]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ bucket, before }) => (
            <tr key={bucket.date}>
              <th scope="row">{interval === 'month' ? formats.month(bucket.date) : formats.date(bucket.date)}</th>
              {METRICS.map((metric) => (
                <td key={metric} className="numeric">
                  {cell(bucket, metric)} <span className="fine">{words.before(cell(before, metric))}</span>
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
