import { BaseProperty, BaseRecord, BaseResource, type Filter, type ParamsType, type PropertyType } from 'adminjs';
import { formatAmount } from '../../common/money.js';
import { LIST_DEPTH_MAX, type Filters, type ResourceReader } from './resource-reader.js';
import type { Column, ResourceSpec, Row } from './resource-spec.js';

/** Unless AdminJS says otherwise. */
const ROWS_ON_PAGE = 10;

/** A column as AdminJS knows it. */
class ColumnProperty extends BaseProperty {
  constructor(
    private readonly column: Column,
    private readonly titles: boolean,
    position: number,
  ) {
    super({ path: column.name, type: propertyType(column), isId: false, isSortable: false, position });
  }

  override reference(): string | null {
    return this.column.reference ?? null;
  }

  override availableValues(): string[] | null {
    return this.column.values ? [...this.column.values] : null;
  }

  override isTitle(): boolean {
    return this.titles;
  }

  override isEditable(): boolean {
    return false;
  }
}

/** AdminJS' type decides the filter's field; how a value is drawn says our component. */
function propertyType({ kind, reference, filter }: Column): PropertyType {
  if (reference) return 'reference';
  if (kind === 'moment' && filter === 'period') return 'datetime';
  return kind === 'json' || kind === 'component' ? 'mixed' : 'string';
}

/**
 * A spec as a resource of AdminJS. It reads by our own bounded queries, and has no way to write: whatever AdminJS' own
 * routes are sent, create, update and delete end here.
 */
export class ListedResource extends BaseResource {
  private readonly known: Map<string, BaseProperty>;

  constructor(
    readonly spec: ResourceSpec,
    private readonly reader: ResourceReader,
  ) {
    super();
    const id = new BaseProperty({ path: 'id', isId: true, isSortable: false, position: 0 });
    this.known = new Map([
      ['id', id],
      ...spec.columns.map(
        (column, index) => [column.name, new ColumnProperty(column, column.name === spec.title, index + 1)] as const,
      ),
    ]);
  }

  static override isAdapterFor(): boolean {
    return false;
  }

  override id(): string {
    return this.spec.id;
  }

  override databaseName(): string {
    return 'fairshare';
  }

  override properties(): BaseProperty[] {
    return [...this.known.values()];
  }

  override property(path: string): BaseProperty | null {
    return this.known.get(path) ?? null;
  }

  override count(filter: Filter): Promise<number> {
    return this.reader.count(this.spec, filtersOf(filter));
  }

  /** AdminJS counts both from what stands in the address, which may be no number at all. */
  override async find(filter: Filter, page: { limit?: number; offset?: number }): Promise<BaseRecord[]> {
    const limit = countOr(ROWS_ON_PAGE, page.limit);
    const offset = countOr(0, page.offset);
    const typed = searchedText(filter, this.spec);
    const rows =
      typed === undefined
        ? await this.reader.page(this.spec, {
            filters: filtersOf(filter),
            offset: Math.min(offset, LIST_DEPTH_MAX),
            limit,
          })
        : await this.reader.search(this.spec, typed, limit);
    return rows.map((row) => this.record(row));
  }

  override async findOne(id: string): Promise<BaseRecord | null> {
    const row = await this.reader.find(this.spec, id);
    return row && this.record(row);
  }

  override async findMany(ids: (string | number)[]): Promise<BaseRecord[]> {
    const rows = await this.reader.findMany(this.spec, ids.map(String));
    return rows.map((row) => this.record(row));
  }

  override create(): Promise<ParamsType> {
    throw new Error(`${this.spec.id} are not written by the panel`);
  }

  override update(): Promise<ParamsType> {
    throw new Error(`${this.spec.id} are not written by the panel`);
  }

  override delete(): Promise<void> {
    throw new Error(`${this.spec.id} are not written by the panel`);
  }

  private record(row: Row): BaseRecord {
    const params: Record<string, unknown> = { id: row.id };
    for (const column of this.spec.columns) {
      if (column.name in row) params[column.name] = drawable(column, row);
    }
    return new BaseRecord(params, this);
  }
}

/** A value as the browser gets it, and a file has it: amounts and rates written out, moments as ISO 8601, the rest as it is. */
export function drawable(column: Column, row: Row): unknown {
  const value = row[column.name];
  if (value === null || value === undefined) return null;
  switch (column.kind) {
    case 'money': {
      const currency = row[`${column.name}Currency`];
      if (typeof currency !== 'string') return null;
      return `${formatAmount(BigInt(value as string), currency)} ${currency.toUpperCase()}`;
    }
    case 'rate':
      return `${Number(value) / 100} %`;
    case 'moment':
      return value instanceof Date ? value.toISOString() : value;
    case 'json':
    case 'component':
      // One text, or AdminJS would take it apart into a parameter per leaf.
      return JSON.stringify(value);
    default:
      return typeof value === 'bigint' ? value.toString() : value;
  }
}

function countOr(otherwise: number, given = otherwise): number {
  return Number.isNaN(given) ? otherwise : Math.max(0, Math.floor(given));
}

function filtersOf(filter: Filter): Filters {
  return Object.fromEntries(
    Object.entries(filter.filters).map(([name, { value }]) => [name, value as Filters[string]]),
  );
}

/** AdminJS searches references by a filter on the title's property alone, which lists never have but by our columns. */
function searchedText(filter: Filter, { title, columns }: ResourceSpec): string | undefined {
  const names = Object.keys(filter.filters);
  const value = filter.filters[title]?.value;
  const isFilterable = columns.some((column) => column.name === title && column.filter);
  return names.length === 1 && names[0] === title && !isFilterable && typeof value === 'string' ? value : undefined;
}
