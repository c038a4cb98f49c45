import type { Balance } from '../../api/types';
import { useLanguage } from '../../i18n/language';
import { Card } from '../../ui/card';

/** Where the money stands, currency by currency: nothing is added up that does not belong together. */
export function MoneyTable({ balances }: { balances: Balance[] }) {
  const { texts } = useLanguage();
  const words = texts.overview;
  if (balances.length === 0) {
    return (
      <Card title={words.money}>
        <p className="page-intro">{words.noMoney}</p>
      </Card>
    );
  }
  return (
    <Card title={words.money}>
      {balances.map((balance, index) => (
        <BalanceRow
          key={balance.currency}
          balance={balance}
          isNamed={balances.length > 1}
          // What the words mean need not be said again for each currency.
          isExplained={index === 0}
        />
      ))}
    </Card>
  );
}

function BalanceRow({ balance, isNamed, isExplained }: { balance: Balance; isNamed: boolean; isExplained: boolean }) {
  const { texts, formats } = useLanguage();
  const words = texts.overview;
  const { currency, held, payable, inPayout, paid, lifetimeEarned } = balance;
  const figures = [
    { label: words.held, hint: words.heldHint, amount: held },
    { label: words.payable, hint: words.payableHint, amount: payable },
    { label: words.inPayout, hint: words.inPayoutHint, amount: inPayout },
    { label: words.paid, hint: null, amount: paid },
    { label: words.earned, hint: words.earnedHint, amount: lifetimeEarned },
  ];
  return (
    <>
      {isNamed && <h3 className="currency-name">{currency.toUpperCase()}</h3>}
      <dl className="figures figures-money" data-testid={`balance-${currency}`}>
        {figures.map(({ label, hint, amount }) => (
          <div key={label} className="figure">
            <dt>{label}</dt>
            <dd className={amount < 0 ? 'figure-value below-zero' : 'figure-value'}>
              {formats.money(amount, currency)}
            </dd>
            {isExplained && hint && <dd className="fine">{hint}</dd>}
          </div>
        ))}
      </dl>
    </>
  );
}
