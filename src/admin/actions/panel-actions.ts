import type { Action, ActionContext, ActionRequest, ActionResponse } from 'adminjs';
import type { StaffIdentity } from '../../staff/staff-identity.js';
import { mayAct, type StaffRole } from '../../staff/staff-role.js';
import type { ActionFormContent } from './action-field.js';
import { ActionForm } from './action-form.js';
import type { StaffAction } from './staff-action.js';

type PanelAction = Partial<Action<ActionResponse>>;

/**
 * A staff action as AdminJS has it: a button for those who may, a form of ours, and a handler that AdminJS' own routes
 * reach by POST alone. A GET of the same address, by which AdminJS fetches the record for the form, does nothing.
 */
export function panelAction(action: StaffAction): PanelAction {
  const { label, on, role, icon, explains, isDangerous = false, fields = [], fits } = action;
  return {
    actionType: on,
    icon,
    component: 'ActionForm',
    variant: isDangerous ? 'danger' : 'default',
    showInDrawer: false,
    isAccessible: ({ currentAdmin }: ActionContext) => mayAct(roleOf(currentAdmin), role),
    isVisible: ({ currentAdmin, record }: ActionContext) =>
      mayAct(roleOf(currentAdmin), role) && (!fits || !record || fits(record.params)),
    custom: { writes: true, label, explains, isDangerous, fields } satisfies ActionFormContent & { writes: true },
    handler: (request: ActionRequest, _response: unknown, context: ActionContext) => handle(action, request, context),
  };
}

/** A list as a file. The form is sent by the browser itself, to the route that answers with the file. */
export function exportAction(): PanelAction {
  return {
    actionType: 'resource',
    icon: 'Download',
    component: 'ActionForm',
    isAccessible: ({ currentAdmin }: ActionContext) => mayAct(roleOf(currentAdmin), 'finance'),
    isVisible: ({ currentAdmin }: ActionContext) => mayAct(roleOf(currentAdmin), 'finance'),
    custom: {
      label: 'Download',
      explains: 'A file with everything in this list that fits its filters, for a spreadsheet.',
      isDangerous: false,
      fields: [],
      download: true,
    } satisfies ActionFormContent,
    handler: (_request: ActionRequest, _response: unknown, context: ActionContext) => Promise.resolve(answer(context)),
  };
}

async function handle(action: StaffAction, request: ActionRequest, context: ActionContext): Promise<ActionResponse> {
  const { currentAdmin, resource, record, records } = context;
  if (request.method !== 'post') return answer(context);
  const values = (request.payload ?? {}) as Record<string, unknown>;
  const form = new ActionForm(values);
  const staff = { id: currentAdmin?.id ?? '', role: roleOf(currentAdmin) };
  const ids = record ? [record.id()] : (records ?? []).map((each) => each.id());
  const done = await action.perform({
    ids,
    form,
    staff,
    act: { staffUserId: staff.id, reason: form.required('reason') },
  });
  const again = record ? await resource.findOne(record.id(), context) : null;
  return {
    ...answer(again ? { ...context, record: again } : context),
    notice: { message: done, type: 'success' },
  };
}

function answer({ record, records, currentAdmin }: ActionContext): ActionResponse {
  return {
    ...(record && { record: record.toJSON(currentAdmin) }),
    ...(records && { records: records.map((each) => each.toJSON(currentAdmin)) }),
  };
}

function roleOf(currentAdmin: ActionContext['currentAdmin']): StaffRole {
  return (currentAdmin as Partial<StaffIdentity> | undefined)?.role ?? 'viewer';
}
