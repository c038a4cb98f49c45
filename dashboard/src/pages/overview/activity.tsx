import { ChartColumn, Table2 } from 'lucide-react';
import { useState } from 'react';
import { useStats } from '../../api/queries';
import type { Stats } from '../../api/types';
import { useNow } from '../../app/use-now';
import { useLanguage } from '../../i18n/language';
import { Card } from '../../ui/card';
import { Segmented } from '../../ui/segmented';
import { Loaded } from '../../ui/states';
import { ActivityTable } from './activity-table';
import { BarChart, type Bar } from './bar-chart';
import { RANGES, rangeOf, type RangeName } from './ranges';

export const METRICS = ['clicks', 'signups', 'conversions'] as const;
export type Metric = (typeof METRICS)[number];

/** Clicks, signups and new customers over time, beside the same stretch of time before. */
export function Activity() {
  const { texts } = useLanguage();
  const words = texts.chart;
  const [rangeName, setRangeName] = useState<RangeName>('days30');
  const [metric, setMetric] = useState<Metric>('clicks');
  const [asTable, setAsTable] = useState(false);
  const range = rangeOf(rangeName, useNow());
  const query = useStats(range);
  const TableIcon = asTable ? ChartColumn : Table2;
  return (
    <Card
      title={words.title}
      aside={
        <Segmented
          label={words.range}
          value={rangeName}
          onChange={setRangeName}
          options={RANGES.map((value) => ({ value, text: words.ranges[value] }))}
        />
      }
    >
      <Loaded query={query} lines={8}>
        {(stats) => (
          <>
            <MetricChoice stats={stats} metric={metric} onChange={setMetric} />
            {asTable ? (
              <ActivityTable stats={stats} interval={range.interval} />
            ) : (
              <MetricChart stats={stats} metric={metric} isMonthly={range.interval === 'month'} />
            )}
          </>
        )}
      </Loaded>
      <button type="button" className="button button-quiet" onClick={() => setAsTable(!asTable)}>
        <TableIcon aria-hidden="true" size={16} />
        {asTable ? words.showChart : words.showTable}
      </button>
    </Card>
  );
}

function MetricChoice({
  stats: { totals, previous },
  metric,
  onChange,
}: {
  stats: Stats;
  metric: Metric;
  onChange: (metric: Metric) => void;
}) {
  const { texts, formats } = useLanguage();
  const words = texts.chart;
  const compare = (now: number, before: number): string => {
    if (now === before) return words.noChange;
    return before === 0 ? words.fromNothing : formats.change(now / before - 1);
  };
  return (
    <div className="metrics">
      <Segmented
        label={words.metric}
        value={metric}
        onChange={onChange}
        options={METRICS.map((value) => {
          const [now, before] = [totals[value], previous?.totals[value] ?? 0];
          return {
            value,
            text: (
              <>
                <span className="metric-name">{words[value]}</span>
                <span className="metric-value">{formats.count(now)}</span>
                <span className="fine">
                  {before === 0 && now > 0
                    ? words.fromNothing
                    : `${compare(now, before)} · ${words.before(formats.count(before))}`}
                </span>
              </>
            ),
          };
        })}
      />
    </div>
  );
}

function MetricChart({ stats, metric, isMonthly }: { stats: Stats; metric: Metric; isMonthly: boolean }) {
  const { texts, formats } = useLanguage();
  const words = texts.chart;
  const long = (date: string): string => (isMonthly ? formats.month(date) : formats.date(date));
  const bars = stats.series.map((bucket, index): Bar => {
    const before = stats.previous?.series[index];
    return {
      value: bucket[metric],
      before: before?.[metric] ?? 0,
      tick: isMonthly ? formats.shortMonth(bucket.date) : formats.day(bucket.date),
      date: long(bucket.date),
      beforeDate: before ? long(before.date) : '',
    };
  });
  const total = formats.count(stats.totals[metric]);
  const before = formats.count(stats.previous?.totals[metric] ?? 0);
  return <BarChart bars={bars} name={words[metric]} description={words.description(words[metric], total, before)} />;
}
