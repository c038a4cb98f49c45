import { useOverview } from '../api/queries';
import { useLanguage } from '../i18n/language';
import { SelectFilter, type Filters } from './filters';

/** Only for whoever earns in several. */
export function CurrencyFilter({ filters }: { filters: Filters }) {
  const { texts } = useLanguage();
  const currencies = useOverview().data?.currencies ?? [];
  if (currencies.length < 2) return null;
  return (
    <SelectFilter
      filters={filters}
      name="currency"
      label={texts.common.currency}
      options={currencies.map((currency) => ({ value: currency, text: currency.toUpperCase() }))}
    />
  );
}
