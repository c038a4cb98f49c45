import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
  type ChartConfiguration,
} from 'chart.js';
import React, { useEffect, useRef } from 'react';
import type { ProgramFigures } from '../start/start-page.js';
import { currencyDivisor, money } from './format.js';
import { SectionTitle } from './SectionTitle.js';

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
);
Chart.defaults.font.family =
  "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', 'Open Sans', Arial, sans-serif";
Chart.defaults.color = '#475569';

const BLUE = '#1d4ed8';
const SKY = '#0ea5e9';
const GREEN = '#15803d';
const AMBER = '#b45309';
const RED = '#b91c1c';
const COLORS = [BLUE, GREEN, AMBER, SKY];

export const Charts: React.FC<{ figures: ProgramFigures }> = ({ figures }) => {
  const { days, clicks, signups, conversions, commissions, payouts } = figures;
  const shortDays = days.map((day) => `${Number(day.slice(8))} ${MONTHS[Number(day.slice(5, 7)) - 1] ?? ''}`);
  const sum = (numbers: number[]): number => numbers.reduce((total, number) => total + number, 0);
  const main = payouts.at(-1)?.currency ?? '';
  const mainPayouts = payouts.filter(({ currency }) => currency === main);
  const inMajor = (currency: string) => (amountMinor: number) => amountMinor / currencyDivisor(currency);
  return (
    <section aria-labelledby="charts-title">
      <SectionTitle id="charts-title">The last thirty days</SectionTitle>
      <div style={{ display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(min(100%, 380px), 1fr))', gap: 16 }}>
        <ChartBox
          title="Clicks"
          summary={`${sum(clicks).toLocaleString('en')} clicks`}
          config={bars(shortDays, [{ label: 'clicks', data: clicks, backgroundColor: BLUE }])}
        />
        <ChartBox
          title="Signups and conversions"
          summary={`${sum(signups).toLocaleString('en')} signups, ${sum(conversions).toLocaleString('en')} first payments`}
          config={lines(shortDays, [
            { label: 'signups', data: signups, borderColor: SKY, backgroundColor: SKY },
            { label: 'conversions', data: conversions, borderColor: GREEN, backgroundColor: GREEN },
          ])}
        />
        <ChartBox
          title="Commissions earned"
          summary={
            commissions.length === 0
              ? 'nothing earned'
              : commissions.map(({ currency, amounts }) => money(sum(amounts), currency)).join(', ')
          }
          config={lines(
            shortDays,
            commissions.slice(0, COLORS.length).map(({ currency, amounts }, index) => ({
              label: currency.toUpperCase(),
              data: amounts.map(inMajor(currency)),
              borderColor: COLORS[index],
              backgroundColor: COLORS[index],
            })),
          )}
        />
        <ChartBox
          title={`Payouts of the last runs${main ? `, ${main.toUpperCase()}` : ''}`}
          summary={
            mainPayouts.length === 0 ? 'no run yet' : `${money(sum(mainPayouts.map(({ paid }) => paid)), main)} paid`
          }
          config={bars(
            mainPayouts.map(({ period }) => period),
            [
              { label: 'paid', data: mainPayouts.map(({ paid }) => inMajor(main)(paid)), backgroundColor: GREEN },
              {
                label: 'pending',
                data: mainPayouts.map(({ pending }) => inMajor(main)(pending)),
                backgroundColor: SKY,
              },
              { label: 'failed', data: mainPayouts.map(({ failed }) => inMajor(main)(failed)), backgroundColor: RED },
            ],
            true,
          )}
        />
      </div>
    </section>
  );
};

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

const ChartBox: React.FC<{ title: string; summary: string; config: ChartConfiguration }> = ({
  title,
  summary,
  config,
}) => {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (!canvas.current) return undefined;
    const chart = new Chart(canvas.current, config);
    return () => chart.destroy();
  }, [config]);
  return (
    <figure
      style={{ background: '#fff', borderRadius: 12, border: '1px solid #e2e8f0', padding: 18, margin: 0, minWidth: 0 }}
    >
      <figcaption style={{ marginBottom: 12 }}>
        <span style={{ display: 'block', fontWeight: 600 }}>{title}</span>
        <span style={{ display: 'block', fontSize: 13, color: '#475569', marginTop: 4 }}>{summary}</span>
      </figcaption>
      <div style={{ position: 'relative', height: 220 }}>
        <canvas ref={canvas} role="img" aria-label={`${title}: ${summary}`} />
      </div>
    </figure>
  );
};

const SCALES = {
  x: { grid: { display: false }, ticks: { maxRotation: 0, autoSkipPadding: 16 } },
  y: {
    beginAtZero: true,
    grid: { color: '#e2e8f0' },
    border: { display: false },
    ticks: { precision: 0, maxTicksLimit: 5 },
  },
};

type BarSeries = ChartConfiguration<'bar'>['data']['datasets'];
type LineSeries = ChartConfiguration<'line'>['data']['datasets'];

function bars(labels: string[], datasets: BarSeries, isStacked = false): ChartConfiguration {
  return {
    type: 'bar',
    data: { labels, datasets },
    options: {
      maintainAspectRatio: false,
      animation: false,
      scales: { x: { ...SCALES.x, stacked: isStacked }, y: { ...SCALES.y, stacked: isStacked } },
      plugins: { legend: { display: datasets.length > 1, position: 'bottom', labels: { boxWidth: 12 } } },
    },
  };
}

function lines(labels: string[], datasets: LineSeries): ChartConfiguration {
  return {
    type: 'line',
    data: {
      labels,
      datasets: datasets.map((series) => ({
        ...series,
        borderWidth: 2,
        pointRadius: 0,
        pointHitRadius: 12,
        tension: 0.25,
      })),
    },
    options: {
      maintainAspectRatio: false,
      animation: false,
      scales: SCALES,
      plugins: { legend: { display: datasets.length > 1, position: 'bottom', labels: { boxWidth: 12 } } },
    },
  };
}
