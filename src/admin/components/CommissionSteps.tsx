import { Box } from '@adminjs/design-system';
import React from 'react';
import { moment, money } from './format.js';
import { jsonOf, Labelled, type PropertyProps } from './property.js';
import { IdText, Small, StatusBadge } from './values.js';

interface Explanation {
  currency: string;
  base: number;
  taxAmount: number;
  invoiceAmountPaid: number;
  invoiceTotal: number;
  invoiceTotalExcludingTax: number;
  lost: number;
  rateBps: number;
  rateSource: string;
  formula: string;
  steps: {
    entryId: string;
    kind: string;
    occurredAt: string;
    change: number;
    netAmount: number;
    summary: string;
    formula: string | null;
    causes: { id: string; type: string; status: string; amount: number }[];
  }[];
}

/** A commission as it was worked out, and every entry that changed it since, the oldest first. */
export const CommissionSteps: React.FC<PropertyProps> = (props) => {
  const told = jsonOf(props) as Explanation | null;
  if (!told) return null;
  const { currency } = told;
  const inputs: [string, string][] = [
    ['Paid on the invoice', money(told.invoiceAmountPaid, currency)],
    ['Total of the invoice', money(told.invoiceTotal, currency)],
    ['of it tax', money(told.taxAmount, currency)],
    ['Base', money(told.base, currency)],
    ['Rate', `${told.rateBps / 100} %, ${told.rateSource === 'plan' ? 'by the plan' : 'the affiliate’s own'}`],
    ...(told.lost > 0 ? ([['Lost since', money(told.lost, currency)]] satisfies [string, string][]) : []),
  ];
  return (
    <Labelled {...props}>
      <Box>
        <dl style={{ display: 'grid', gridTemplateColumns: 'repeat(auto-fit, minmax(150px, 1fr))', gap: 12 }}>
          {inputs.map(([name, value]) => (
            <div key={name} style={{ background: '#f8fafc', borderRadius: 8, padding: '10px 12px' }}>
              <dt style={{ fontSize: 12, color: '#475569', marginBottom: 4 }}>{name}</dt>
              <dd style={{ fontWeight: 600, fontVariantNumeric: 'tabular-nums' }}>{value}</dd>
            </div>
          ))}
        </dl>
        <ol
          style={{ marginTop: 20, borderLeft: '2px solid #cbd5e1', marginLeft: 8 }}
          aria-label="What happened, step by step"
        >
          {told.steps.map((step) => (
            <li key={step.entryId} style={{ position: 'relative', padding: '0 0 20px 22px', lineHeight: 1.5 }}>
              <span
                aria-hidden
                style={{
                  position: 'absolute',
                  left: -7,
                  top: 5,
                  width: 12,
                  height: 12,
                  borderRadius: 6,
                  background: step.change < 0 ? '#b91c1c' : step.change > 0 ? '#15803d' : '#64748b',
                }}
              />
              <div style={{ display: 'flex', flexWrap: 'wrap', gap: 10, alignItems: 'center' }}>
                <StatusBadge status={`commission_${step.kind}`} />
                <Small>{moment(step.occurredAt)}</Small>
                <strong style={{ fontWeight: 600, fontVariantNumeric: 'tabular-nums' }}>
                  {step.change > 0 ? '+' : ''}
                  {money(step.change, currency)} → {money(step.netAmount, currency)}
                </strong>
              </div>
              <div style={{ marginTop: 4 }}>{step.summary}</div>
              {step.formula ? (
                <code
                  style={{
                    display: 'block',
                    marginTop: 6,
                    fontSize: 12,
                    color: '#334155',
                    overflowWrap: 'anywhere',
                    fontFamily: 'ui-monospace, monospace',
                  }}
                >
                  {step.formula}
                </code>
              ) : null}
              <Small>
                entry <IdText id={step.entryId} />
              </Small>
            </li>
          ))}
        </ol>
      </Box>
    </Labelled>
  );
};
