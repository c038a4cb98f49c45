import { ArrowRight, CircleCheck, Clock } from 'lucide-react';
import { Link } from 'react-router';
import type { NextPayout, Overview } from '../../api/types';
import type { Texts } from '../../i18n/en';
import type { Formats } from '../../i18n/formats';
import { useLanguage } from '../../i18n/language';
import { Card } from '../../ui/card';

/** When and how much, or what is missing for it. */
export function NextPayoutCard({ overview: { nextRun, nextPayouts, onboarding } }: { overview: Overview }) {
  const { texts, formats } = useLanguage();
  const words = texts.nextPayout;
  const telling = nextPayouts
    .filter(({ amount }) => amount !== 0)
    .sort((a, b) => Number(b.willBePaid) - Number(a.willBePaid));
  return (
    <Card title={words.title} aside={nextRun && <span className="card-note">{formats.date(nextRun.date)}</span>}>
      {nextRun === null && <p>{words.none}</p>}
      {nextRun !== null && telling.length === 0 && <p>{words.nothingYet(formats.longDate(nextRun.date))}</p>}
      {telling.map((payout) => (
        <Expected key={payout.currency} payout={payout} />
      ))}
      {!onboarding.payoutsEnabled && (
        <Link to="/getting-paid" className={`button ${telling.length > 0 ? 'button-primary' : ''}`}>
          {onboarding.status === 'not_started' ? words.setUp : words.see}
          <ArrowRight aria-hidden="true" size={16} />
        </Link>
      )}
    </Card>
  );
}

function Expected({ payout }: { payout: NextPayout }) {
  const { texts, formats } = useLanguage();
  const { amount, currency, willBePaid, reasons } = payout;
  const Icon = willBePaid ? CircleCheck : Clock;
  return (
    <div className={`expected ${willBePaid ? 'expected-good' : ''}`}>
      <p className="amount-large">{formats.money(amount, currency)}</p>
      <ul className="expected-reasons">
        {(willBePaid
          ? [texts.nextPayout.willBePaid]
          : reasons.map((reason) => reasonText(reason, payout, texts, formats))
        ).map((text) => (
          <li key={text}>
            <Icon aria-hidden="true" size={16} />
            <span>{text}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function reasonText(
  reason: NextPayout['reasons'][number],
  { amount, minimum, currency }: NextPayout,
  { nextPayout }: Texts,
  formats: Formats,
): string {
  const money = (minor: number): string => formats.money(minor, currency);
  const { below_minimum, negative_balance, ...others } = nextPayout.reasons;
  if (reason === 'below_minimum') return below_minimum(money(amount), money(minimum), money(minimum - amount));
  return reason === 'negative_balance' ? negative_balance(money(amount)) : others[reason];
}
