import type { ActionContext, PropertyOptions, ResourceOptions } from 'adminjs';
import { STAFF_ROLES } from '../../staff/staff-role.js';
import { exportAction, panelAction } from '../actions/panel-actions.js';
import type { StaffAction } from '../actions/staff-action.js';
import { columnsOn, type Column, type ColumnKind, type ResourceSpec } from '../resources/resource-spec.js';

const ICONS_OF_GROUPS: Record<string, string> = {
  Today: 'Sun',
  Partners: 'Users',
  Money: 'DollarSign',
  Terms: 'FileText',
  Oversight: 'Eye',
};

const COMPONENTS: Record<Exclude<ColumnKind, 'component'>, string> = {
  text: 'Plain',
  code: 'Words',
  rate: 'Plain',
  count: 'Count',
  status: 'Status',
  moment: 'Moment',
  money: 'Money',
  yesno: 'YesNo',
  json: 'JsonTree',
};

/** What AdminJS would let anybody do to a record by its own routes. */
const WRITING = ['new', 'edit', 'delete', 'bulkDelete'];
const SHUT = { isAccessible: false, isVisible: false };

/** A spec as AdminJS wants it. Everything that AdminJS itself could write is shut, for every role. */
export function resourceOptions(spec: ResourceSpec, staffActions: StaffAction[]): ResourceOptions {
  return {
    id: spec.id,
    navigation: { name: spec.group, icon: ICONS_OF_GROUPS[spec.group] ?? 'Box' },
    listProperties: columnsOn(spec, 'list').map(({ name }) => name),
    showProperties: ['id', ...columnsOn(spec, 'show').map(({ name }) => name)],
    filterProperties: spec.columns.filter(({ filter }) => filter).map(({ name }) => name),
    editProperties: [],
    titleProperty: spec.title,
    properties: Object.fromEntries(spec.columns.map((column) => [column.name, propertyOptions(column)])),
    actions: {
      list: {
        isAccessible: isStaff,
        showFilter: spec.columns.some(({ filter }) => filter),
        custom: { hint: spec.hint },
      },
      show: { isAccessible: isStaff, showResourceActions: false },
      search: { isAccessible: isStaff },
      ...Object.fromEntries(WRITING.map((name) => [name, SHUT])),
      export: exportAction(),
      ...Object.fromEntries(staffActions.map((action) => [action.name, panelAction(action)])),
    },
    translations: {
      en: {
        properties: { id: 'Id', ...Object.fromEntries(spec.columns.map(({ name, label }) => [name, label])) },
        actions: {
          list: spec.name,
          show: 'Details',
          export: 'Export',
          ...Object.fromEntries(staffActions.map(({ name, label }) => [name, label])),
        },
        messages: { noRecordsInResource: 'Nothing here yet.', noRecords: 'Nothing fits these filters.' },
      },
    },
  };
}

function propertyOptions({ kind, component, reference, filter, isLong }: Column): PropertyOptions {
  // A reference is drawn by AdminJS: as a link with the title of what it names.
  if (reference) return {};
  const isWide = kind === 'component' || kind === 'json' || isLong === true;
  const drawn = kind === 'component' ? (component ?? 'Plain') : COMPONENTS[kind];
  return {
    components: { list: drawn, show: drawn },
    custom: { isWide },
    // What has no component for its filter would be drawn as a tree of nothing.
    ...(filter && (kind === 'component' || kind === 'json') && { type: 'string' as const }),
  };
}

function isStaff({ currentAdmin }: ActionContext): boolean {
  return STAFF_ROLES.some((role) => role === (currentAdmin?.['role'] as unknown));
}
