import type { FastifyInstance } from 'fastify';
import { HttpError } from '../../http/http-error.js';
import { csvStream, Figure, type CsvCell, type CsvColumns } from '../../http/csv.js';
import { answerWithFile } from '../../http/download.js';
import { mayAct } from '../../staff/staff-role.js';
import { ActionForm } from '../actions/action-form.js';
import type { ExportLog } from '../actions/export-log.js';
import { ADMIN_PATH } from '../paths.js';
import { drawable } from '../resources/listed-resource.js';
import type { Filters, ResourceReader } from '../resources/resource-reader.js';
import { columnsOn, type Column, type ResourceSpec, type Row } from '../resources/resource-spec.js';
import { staffOf } from './panel-routes.js';

/** A list as a file, for finance: everything that fits its filters, with who took it and why in the audit log. */
export function serveExports(
  scope: FastifyInstance,
  { specs, reader, log }: { specs: ResourceSpec[]; reader: ResourceReader; log: ExportLog },
): void {
  scope.post(`${ADMIN_PATH}/export/:resource`, async (request, reply) => {
    const staff = staffOf(request);
    const { resource } = request.params as { resource: string };
    const spec = specs.find(({ id }) => id === resource);
    if (!spec) throw new HttpError(404, 'not_found', 'The admin panel has nothing of that name.');
    if (!mayAct(staff.role, 'finance')) {
      throw new HttpError(403, 'forbidden', `As ${staff.role} you may not do that.`);
    }
    const form = new ActionForm((request.body ?? {}) as Record<string, unknown>);
    const filters = filtersOf(request.query as Record<string, unknown>);
    await log.record(spec.id, filters, { staffUserId: staff.id, reason: form.required('reason') });
    answerWithFile(reply, spec.id, 'csv');
    return reply.send(csvStream(csvColumns(spec), reader.everything(spec, filters)));
  });
}

/** As AdminJS writes them into the address of a list: `filters.status=open`, `filters.createdAt~~from=…`. */
function filtersOf(query: Record<string, unknown>): Filters {
  const filters: Filters = {};
  for (const [name, value] of Object.entries(query)) {
    const [, column = '', end] = /^filters\.(\w+)(?:~~(from|to))?$/.exec(name) ?? [];
    if (column === '' || typeof value !== 'string') continue;
    const before = filters[column];
    filters[column] = end ? { ...(typeof before === 'object' ? before : {}), [end]: value } : value;
  }
  return filters;
}

function csvColumns(spec: ResourceSpec): CsvColumns<Row> {
  return {
    id: ({ id }) => id,
    ...Object.fromEntries(
      columnsOn(spec, 'list').map((column) => [column.name, (row: Row): CsvCell => cellOf(column, row)]),
    ),
  };
}

function cellOf(column: Column, row: Row): CsvCell {
  const value = drawable(column, row) as string | number | boolean | null;
  if (value === null) return null;
  return column.kind === 'count' ? new Figure(String(value)) : String(value);
}
