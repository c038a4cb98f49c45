import { SlidersHorizontal } from 'lucide-react';
import { useId, useState, type ReactNode } from 'react';
import { useSearchParams } from 'react-router';
import { useLanguage } from '../i18n/language';

/** Filters stand in the address, so that a filtered list can be linked to and survives going back. */
export interface Filters {
  get: (name: string) => string | undefined;
  set: (name: string, value: string) => void;
  clear: () => void;
  isSet: boolean;
}

export function useFilters(...names: string[]): Filters {
  const [search, setSearch] = useSearchParams();
  const get = (name: string): string | undefined => search.get(name) ?? undefined;
  return {
    get,
    set: (name, value) =>
      setSearch(
        (before) => {
          if (value === '') before.delete(name);
          else before.set(name, value);
          return before;
        },
        { replace: true },
      ),
    clear: () =>
      setSearch(
        (before) => {
          for (const name of names) before.delete(name);
          return before;
        },
        { replace: true },
      ),
    isSet: names.some((name) => get(name) !== undefined),
  };
}

/** @param action what to do with the filtered list. On a phone the filters fold away, and that stays. */
export function FilterBar({ filters, action, children }: { filters: Filters; action: ReactNode; children: ReactNode }) {
  const { texts } = useLanguage();
  const [isOpen, setOpen] = useState(filters.isSet);
  const id = useId();
  return (
    <div className="filter-bar">
      <button
        type="button"
        className="button filter-toggle"
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        <SlidersHorizontal aria-hidden="true" size={16} />
        {texts.common.filters}
      </button>
      <div id={id} className={`filters ${isOpen ? 'filters-open' : ''}`}>
        {children}
        {filters.isSet && (
          <button type="button" className="button button-quiet" onClick={filters.clear}>
            {texts.common.clearFilters}
          </button>
        )}
      </div>
      <div className="filter-action">{action}</div>
    </div>
  );
}

export function SelectFilter({
  filters,
  name,
  label,
  options,
}: {
  filters: Filters;
  name: string;
  label: string;
  options: { value: string; text: string }[];
}) {
  const { texts } = useLanguage();
  const id = useId();
  return (
    <div className="filter">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={filters.get(name) ?? ''} onChange={({ target }) => filters.set(name, target.value)}>
        <option value="">{texts.common.all}</option>
        {options.map(({ value, text }) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </div>
  );
}

/** Days, both included. */
export function DateFilters({ filters }: { filters: Filters }) {
  const { texts } = useLanguage();
  const id = useId();
  return (['from', 'to'] as const).map((name) => (
    <div className="filter" key={name}>
      <label htmlFor={id + name}>{texts.common[name]}</label>
      <input
        id={id + name}
        type="date"
        value={filters.get(name) ?? ''}
        onChange={({ target }) => filters.set(name, target.value)}
      />
    </div>
  ));
}
