import { useLocation, useNavigate, useParams } from 'react-router';
import { Link } from 'react-router';
import { useCommission } from '../../api/queries';
import type { Commission } from '../../api/types';
import { useNow } from '../../app/use-now';
import { useLanguage } from '../../i18n/language';
import { Drawer } from '../../ui/drawer';
import { Loaded } from '../../ui/states';
import { CommissionBadge } from './commission-badge';
import { tellCommission, type StoryStep } from './commission-story';

/** How one commission's amount came about, beside the list. */
export function CommissionDrawer() {
  const { texts } = useLanguage();
  const { id = '' } = useParams();
  const { search } = useLocation();
  const navigate = useNavigate();
  const query = useCommission(id);
  return (
    <Drawer title={texts.explanation.title} onClose={() => void navigate(`/commissions${search}`)}>
      <Loaded query={query} lines={8}>
        {(commission) => <Explanation commission={commission} />}
      </Loaded>
    </Drawer>
  );
}

function Explanation({ commission }: { commission: Commission }) {
  const { texts, formats } = useLanguage();
  const { currency, netAmount, amount, explanation } = commission;
  const { opening, steps, closing } = tellCommission(commission, texts, formats, useNow());
  const words = texts.explanation;
  return (
    <>
      <div className="explained-amount">
        <div>
          <p className="label">{words.nowWorth}</p>
          <p className="amount-large">{formats.money(netAmount, currency)}</p>
          {netAmount !== amount && (
            <p className="fine">{texts.commissions.originally(formats.money(amount, currency))}</p>
          )}
        </div>
        <CommissionBadge state={commission.state} />
      </div>
      <div className="prose" data-testid="explanation">
        {opening.map((sentence) => (
          <p key={sentence}>{sentence}</p>
        ))}
      </div>
      <h3>{words.steps}</h3>
      <ol className="timeline">
        {steps.map((step) => (
          <Step key={step.id} step={step} currency={currency} />
        ))}
      </ol>
      {closing && <p className="prose">{closing}</p>}
      <details className="checking">
        <summary>{words.details}</summary>
        <dl>
          <dt>{words.formula}</dt>
          <dd className="formula">{explanation.formula}</dd>
          <dt>{words.invoice}</dt>
          <dd className="formula">{commission.invoiceId}</dd>
          <dt>{words.id}</dt>
          <dd className="formula">{commission.id}</dd>
        </dl>
      </details>
    </>
  );
}

function Step({ step, currency }: { step: StoryStep; currency: string }) {
  const { texts, formats } = useLanguage();
  const { at, kind, title, sentences, change, netAmount, id } = step;
  return (
    <li className={`timeline-step timeline-${kind}`}>
      <div className="timeline-line">
        <p className="timeline-title">{title}</p>
        {change !== null && <p className="timeline-change">{formats.money(change, currency, 'always')}</p>}
      </div>
      <p className="fine">
        <time dateTime={at} title={formats.moment(at)}>
          {formats.date(at)}
        </time>
        {netAmount !== null &&
          kind !== 'earned' &&
          ` · ${texts.explanation.worthNow(formats.money(netAmount, currency))}`}
      </p>
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {(kind === 'paid' || kind === 'in_payout') && <Link to={`/payouts/${id}`}>{texts.explanation.toPayout}</Link>}
    </li>
  );
}
