import type { IdKind } from '../../common/ids.js';

/** What a column holds, and how it is drawn. */
export type ColumnKind =
  /** Text as it is. */
  | 'text'
  /** A code of ours, drawn in words. */
  | 'code'
  /** A word of a fixed set, drawn as a badge. */
  | 'status'
  /** A moment, in UTC. */
  | 'moment'
  /** Minor units in the currency that the column `currency` names. */
  | 'money'
  /** Basis points. */
  | 'rate'
  /** A whole number. */
  | 'count'
  | 'yesno'
  /** JSON, drawn as a list of names and values. */
  | 'json'
  /** Drawn by the component that is named. */
  | 'component';

/** A row as PostgreSQL's driver gives it: bigints as text, moments as dates. */
export type Row = Record<string, unknown> & { id: string };

/** How a list may be narrowed down by a column. Each way is served by an index, or by a table that stays small. */
export type ColumnFilter =
  | 'equals'
  /** The beginning of a text. What `condition` compares, by LIKE, has its wildcards taken out. */
  | 'begins'
  /** From and to; on the moment inside the id where the spec names its kind. */
  | 'period';

export interface Column {
  name: string;
  label: string;
  kind: ColumnKind;
  /** An expression over `t`, the row of the list's table, and the spec's `joins`; without one, `enrich` gives the value. */
  sql?: string;
  /** Where it is shown; both unless told otherwise. */
  on?: ('list' | 'show')[];
  /** For money: the expression of its currency. */
  currency?: string;
  /** The resource whose record this id names: drawn as a link with that record's title. */
  reference?: string;
  /** What it may hold, for the filter and the badges. */
  values?: readonly string[];
  filter?: ColumnFilter;
  /** The condition of the filter, with `$` for the value, where it is not `sql = $`. Over `t` only. */
  condition?: string;
  /**
   * The order of the list narrowed down by this, as the same list in the words of the index that serves it: with the column,
   * which `condition` then asks for as a range. It keeps the planner from walking through the list's own order instead, when it
   * takes a value for a common one that only old rows have.
   */
  order?: string;
  /** Takes a line of its own on the record's page. */
  isLong?: boolean;
  /** For the kind `component`. */
  component?: string;
}

/**
 * A table of ours as the panel lists it. The panel reads by these alone, and writes by nothing: what changes anything is
 * an action that calls a service.
 */
export interface ResourceSpec {
  id: string;
  /** In the plural, as people say it. */
  name: string;
  /** The group of the menu. */
  group: string;
  /** The table or an inlined view of it, named `t` by the reader. */
  table?: string;
  /** Adds columns of other tables to the rows of a page, after the page was cut out. */
  joins?: string;
  /** The expression of the record's id. */
  key: string;
  /** The order of the list. It must be that of an index, or a table that stays small. */
  order: string;
  /** The kind of id whose time a `period` filter is turned into: ids sort by time. */
  idKind?: IdKind;
  columns: Column[];
  /** The column that names a record in links and titles. */
  title: string;
  /** Conditions for the search of a reference, with `$` for what was typed. */
  search?: string;
  /** A sentence above the list. */
  hint?: string;
  /** Where the rows are no table's: all of them, few. */
  rows?: () => Promise<Row[]>;
  /** Adds to the rows what only a service of the domain can say, such as the state of a commission. */
  enrich?: (rows: Row[], place: 'list' | 'show') => Promise<Row[]>;
}

export function columnsOn(spec: ResourceSpec, place: 'list' | 'show'): Column[] {
  return spec.columns.filter(({ on }) => on === undefined || on.includes(place));
}
