import { scaleBand, scaleLinear } from 'd3-scale';
import { useState, type KeyboardEvent, type PointerEvent } from 'react';
import { useLanguage } from '../../i18n/language';
import { useWidth } from './use-width';

export interface Bar {
  value: number;
  /** The same place in the period before. */
  before: number;
  /** Under the axis. */
  tick: string;
  date: string;
  beforeDate: string;
}

const HEIGHT = 240;
const MARGIN = { top: 12, right: 2, bottom: 28, left: 32 };
const TICK_WIDTH = 72;
const Y_TICKS = 4;
const CORNER = 3;

/** Bars for this period, before the outline of the one before. Pointed at, or walked through by keyboard, it tells its figures. */
export function BarChart({ bars, name, description }: { bars: Bar[]; name: string; description: string }) {
  const { texts, formats } = useLanguage();
  const [frame, width] = useWidth();
  const [active, setActive] = useState<number | null>(null);
  const isEmpty = bars.every(({ value, before }) => value === 0 && before === 0);

  const x = scaleBand<number>()
    .domain(bars.keys())
    .range([MARGIN.left, Math.max(width - MARGIN.right, MARGIN.left + 1)])
    .paddingInner(bars.length > 40 ? 0.2 : 0.35)
    .paddingOuter(0.1);
  const highest = Math.max(...bars.flatMap(({ value, before }) => [value, before]), Y_TICKS);
  const y = scaleLinear()
    .domain([0, highest])
    .nice(Y_TICKS)
    .range([HEIGHT - MARGIN.bottom, MARGIN.top]);
  const center = (index: number): number => (x(index) ?? 0) + x.bandwidth() / 2;
  const tickEvery = Math.max(1, Math.ceil(bars.length / Math.max(1, Math.floor((width - MARGIN.left) / TICK_WIDTH))));

  const pointAt = ({ clientX, currentTarget }: PointerEvent<HTMLElement>): void => {
    const offset = clientX - currentTarget.getBoundingClientRect().left - MARGIN.left;
    const index = Math.floor(offset / x.step());
    setActive(Math.min(Math.max(index, 0), bars.length - 1));
  };
  const walk = (event: KeyboardEvent): void => {
    const last = bars.length - 1;
    const current = active ?? last;
    const next = { ArrowRight: current + 1, ArrowLeft: current - 1, Home: 0, End: last }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    setActive(active === null ? last : Math.min(Math.max(next, 0), last));
  };
  const shown = active === null ? undefined : bars[active];
  const reading = (bar: Bar): string =>
    texts.chart.reading(bar.date, formats.count(bar.value), bar.beforeDate, formats.count(bar.before));
  return (
    <figure className="chart">
      <div
        ref={frame}
        className="chart-frame"
        role="slider"
        tabIndex={0}
        aria-label={description}
        aria-valuemin={1}
        aria-valuemax={bars.length}
        aria-valuenow={(active ?? bars.length - 1) + 1}
        aria-valuetext={reading(shown ?? bars.at(-1) ?? EMPTY_BAR)}
        onPointerMove={pointAt}
        onPointerDown={pointAt}
        onPointerLeave={() => setActive(null)}
        onBlur={() => setActive(null)}
        onKeyDown={walk}
      >
        <svg width={width} height={HEIGHT} aria-hidden="true" focusable="false">
          {y
            .ticks(Y_TICKS)
            .filter(Number.isInteger)
            .map((tick) => (
              <g key={tick} transform={`translate(0 ${y(tick)})`}>
                <line className="chart-grid" x1={MARGIN.left} x2={width - MARGIN.right} />
                <text className="chart-tick" x={MARGIN.left - 8} dy="0.32em" textAnchor="end">
                  {formats.count(tick)}
                </text>
              </g>
            ))}
          {shown && active !== null && (
            <rect
              className="chart-active"
              x={center(active) - x.step() / 2}
              width={x.step()}
              y={MARGIN.top}
              height={HEIGHT - MARGIN.bottom - MARGIN.top}
            />
          )}
          {bars.map(({ value, before, tick }, index) => (
            <g key={tick + String(index)}>
              <rect
                className="chart-before"
                x={center(index) - x.step() / 2}
                width={x.step()}
                y={y(before)}
                height={y(0) - y(before)}
              />
              {before > 0 && (
                <line
                  className="chart-before-edge"
                  x1={center(index) - x.step() / 2}
                  x2={center(index) + x.step() / 2}
                  y1={y(before)}
                  y2={y(before)}
                />
              )}
              {value > 0 && <path className="chart-bar" d={roundedBar(x(index) ?? 0, y(value), x.bandwidth(), y(0))} />}
              {(bars.length - 1 - index) % tickEvery === 0 && (
                <text
                  className="chart-tick"
                  x={index === bars.length - 1 ? width - MARGIN.right : center(index)}
                  y={HEIGHT - 8}
                  textAnchor={index === bars.length - 1 ? 'end' : 'middle'}
                >
                  {tick}
                </text>
              )}
            </g>
          ))}
        </svg>
        {isEmpty && (
          <p className="chart-empty">
            <span>{texts.chart.empty}</span>
          </p>
        )}
        {shown && active !== null && (
          <div
            className="chart-tip"
            style={{ left: Math.min(Math.max(center(active), 90), width - 90) }}
            aria-hidden="true"
          >
            <p>
              <i className="key key-bar" />
              {shown.date} <b>{formats.count(shown.value)}</b>
            </p>
            <p>
              <i className="key key-before" />
              {shown.beforeDate} <b>{formats.count(shown.before)}</b>
            </p>
          </div>
        )}
      </div>
      <figcaption className="chart-legend">
        <span>
          <i className="key key-bar" aria-hidden="true" />
          {name}, {texts.chart.current}
        </span>
        <span>
          <i className="key key-before" aria-hidden="true" />
          {name}, {texts.chart.previous}
        </span>
      </figcaption>
    </figure>
  );
}

const EMPTY_BAR: Bar = { value: 0, before: 0, tick: '', date: '', beforeDate: '' };

/** Round at the top only: a bar stands on its axis. */
function roundedBar(left: number, top: number, width: number, bottom: number): string {
  const corner = Math.min(CORNER, width / 2, bottom - top);
  const right = left + width;
  return [
    `M${left},${bottom}V${top + corner}`,
    `Q${left},${top} ${left + corner},${top}`,
    `H${right - corner}Q${right},${top} ${right},${top + corner}`,
    `V${bottom}Z`,
  ].join('');
}
