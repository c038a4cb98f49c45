import { Box, Button, FormGroup, Input, Label, MessageBox, Text } from '@adminjs/design-system';
import { useNotice, type ActionProps, type RecordJSON, type ResourceJSON } from 'adminjs';
import React, { useState } from 'react';
import { Link, useLocation, useNavigate } from 'react-router-dom';
import type { ActionField as Field, ActionFormContent } from '../actions/action-field.js';
import { recordUrl } from './format.js';
import { titleOf } from './frame.js';
import { send } from './send.js';

/** The form of every action: what it will do, to whom, its fields and the reason, and one button that does it. */
export const ActionForm: React.FC<ActionProps> = ({ action, resource, record, records }) => {
  const { label, explains, isDangerous, fields, download } = action.custom as unknown as ActionFormContent;
  const [failure, setFailure] = useState('');
  const [isBusy, setBusy] = useState(false);
  // One form is one act: sent twice, it is done once.
  const [formId] = useState(() => crypto.randomUUID());
  const addNotice = useNotice();
  const navigate = useNavigate();
  const { search } = useLocation();

  const subjects = record ? [record] : (records ?? []);
  const back = record ? recordUrl(resource.id, record.id) : `/admin/resources/${resource.id}`;
  const call = async (values: Record<string, string>): Promise<void> => {
    setBusy(true);
    setFailure('');
    const base = `/admin/api/resources/${resource.id}`;
    const path = record
      ? `${base}/records/${encodeURIComponent(record.id)}/${action.name}`
      : records
        ? `${base}/bulk/${action.name}?recordIds=${records.map(({ id }) => encodeURIComponent(id)).join(',')}`
        : `${base}/actions/${action.name}`;
    const { failure: told, answer } = await send(path, { ...values, formId });
    setBusy(false);
    if (told) {
      setFailure(told);
      return;
    }
    const { notice } = answer as { notice?: { message: string } };
    addNotice({ message: notice?.message ?? 'Done.', type: 'success' });
    navigate(back);
  };

  return (
    <Box bg="white" p="xxl" style={{ borderRadius: 12, maxWidth: 720 }}>
      <Text style={{ lineHeight: 1.5, marginBottom: 20 }}>{explains}</Text>
      <Subjects resource={resource} subjects={subjects} />
      {failure ? <MessageBox my="lg" variant="danger" message={failure} role="alert" /> : null}
      <form
        aria-busy={isBusy}
        {...(download ? { method: 'POST', action: `/admin/export/${resource.id}${search}` } : {})}
        onSubmit={(event) => {
          if (download) return;
          event.preventDefault();
          const data = new FormData(event.currentTarget);
          void call(
            Object.fromEntries([...data].map(([name, value]) => [name, typeof value === 'string' ? value : ''])),
          );
        }}
      >
        {fields.map((field) => (
          <ActionField key={field.name} field={field} record={record} />
        ))}
        <FormGroup>
          <Label htmlFor="reason" required>
            Reason
          </Label>
          <textarea
            id="reason"
            name="reason"
            required
            minLength={3}
            maxLength={500}
            rows={3}
            aria-describedby="reason-help"
            style={{
              width: '100%',
              padding: 10,
              border: '1px solid #94a3b8',
              borderRadius: 4,
              font: 'inherit',
              boxSizing: 'border-box',
            }}
          />
          <Text id="reason-help" fontSize="sm" color="grey60" mt="sm">
            Stays in the audit log for good, under your name. Name nobody in it: it can never be erased.
          </Text>
        </FormGroup>
        <Box flex style={{ gap: 12, alignItems: 'center' }} mt="xl">
          <Button type="submit" variant="contained" color={isDangerous ? 'danger' : 'primary'} disabled={isBusy}>
            {isBusy ? 'One moment…' : label}
          </Button>
          <Link to={back}>Back without doing it</Link>
        </Box>
      </form>
    </Box>
  );
};

const SUBJECTS_SHOWN = 12;

const Subjects: React.FC<{ resource: ResourceJSON; subjects: RecordJSON[] }> = ({ resource, subjects }) =>
  subjects.length === 0 ? null : (
    <ul aria-label="What it is done to" style={{ margin: '0 0 20px', display: 'flex', flexWrap: 'wrap', gap: 8 }}>
      {subjects.slice(0, SUBJECTS_SHOWN).map((subject) => (
        <li key={subject.id} style={{ background: '#f1f5f9', borderRadius: 8, padding: '7px 12px' }}>
          <Link to={recordUrl(resource.id, subject.id)}>{titleOf(subject, resource)}</Link>
        </li>
      ))}
      {subjects.length > SUBJECTS_SHOWN ? (
        <li style={{ padding: '7px 0' }}>and {subjects.length - SUBJECTS_SHOWN} more</li>
      ) : null}
    </ul>
  );

const CONTROL: React.CSSProperties = {
  width: '100%',
  padding: '8px 10px',
  border: '1px solid #94a3b8',
  borderRadius: 4,
  font: 'inherit',
  background: '#fff',
  boxSizing: 'border-box',
};

const ActionField: React.FC<{ field: Field; record?: RecordJSON }> = ({ field, record }) => {
  const { name, label, kind, choices = [], required, from, help } = field;
  const stands: unknown = from ? record?.params[from] : undefined;
  const value = typeof stands === 'string' ? stands.replace(' %', '') : (field.value ?? '');
  const describedBy = help ? `${name}-help` : undefined;
  return (
    <FormGroup>
      <Label htmlFor={name} required={required}>
        {label}
      </Label>
      {kind === 'choice' ? (
        <select
          id={name}
          name={name}
          required={required}
          defaultValue={value}
          aria-describedby={describedBy}
          style={CONTROL}
        >
          {value === '' ? <option value="">choose…</option> : null}
          {choices.map((choice) => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      ) : (
        <Input
          id={name}
          name={name}
          type={kind === 'number' ? 'text' : kind}
          inputMode={kind === 'number' ? 'numeric' : undefined}
          autoComplete={kind === 'password' ? 'new-password' : 'off'}
          required={required}
          defaultValue={value}
          aria-describedby={describedBy}
          width={1}
        />
      )}
      {help ? (
        <Text id={describedBy} fontSize="sm" color="grey60" mt="sm">
          {help}
        </Text>
      ) : null}
    </FormGroup>
  );
};
